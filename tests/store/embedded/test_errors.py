"""An error says what happened, why, and what to do, and leaves nothing behind."""

import subprocess
from pathlib import Path

import pytest
from tests.store.embedded.people import Person
from tests.store.embedded.processes import ask, data_of

from isthmus.store.embedded import EmbeddedPostgres, EmbeddedPostgresError, database_url


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
