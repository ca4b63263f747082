"""`command:NAME`: what the program of ISTHMUS_SECRET_COMMAND prints when it is given the name, such
as `pass show` or `systemd-creds cat`. No shell reads it.
"""

from __future__ import annotations

import os
import shlex
import subprocess

from isthmus.kit.secret import SecretMissing, Store

TIMEOUT = 10.0
VARIABLE = "ISTHMUS_SECRET_COMMAND"


def open_store() -> Store:
    return read


def read(name: str) -> str:
    program = shlex.split(os.environ.get(VARIABLE, ""))
    if not program or not name or name.startswith("-"):
        raise SecretMissing(
            f"no program is named that prints {name!r}", f"Set {VARIABLE}, such as `pass show`."
        )
    try:
        done = subprocess.run(
            [*program, name], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(program, f"{type(error).__name__} within {TIMEOUT:.0f} s") from error
    if done.returncode != 0:
        raise _failed(program, f"exit code {done.returncode}")
    value = done.stdout.decode("utf-8", "replace").strip()
    if not value:
        raise _failed(program, "it printed nothing")
    return value


def _failed(program: list[str], why: str) -> SecretMissing:
    """What it printed is not repeated: it may be the secret."""
    return SecretMissing(
        f"{program[0]} gave no secret: {why}", "Run it by hand with the name, as this account."
    )
