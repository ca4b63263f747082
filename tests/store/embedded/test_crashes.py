"""Whatever dies, and however: the next start finds a server or makes one."""

import os
import signal
import subprocess

import pytest
from tests.store.embedded.people import Person
from tests.store.embedded.processes import (
    STAY,
    ask,
    data_of,
    end,
    is_alive,
    kill,
    staying,
    wait_until,
)


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_interrupted_initdb(person: Person) -> None:
    application = person.popen(STAY, start_new_session=True)
    wait_until(lambda: list(person.home.glob("postgres/.data-*/base")))
    end(application)
    assert not data_of(person).exists()
    assert ask(person, "SELECT 1") == "1"
    wait_until(lambda: person.start() and not list(person.home.glob("postgres/.data-*")))


@pytest.mark.slow
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
