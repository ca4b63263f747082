"""Secrets that we keep ourselves lie in the database sealed: AES-256-GCM, under keys that are not
in the database.

    1 byte  form of what follows: 1
    8       which key: the beginning of its SHA-256
    12      nonce
    rest    the secret and its tag, bound to what it is of (`signing_key:<id>`)

A copy of the database alone, a backup too, has no secret in it. Lose the keys and what was sealed
is lost: keep a copy of them elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isthmus.access.accounts import AccessRefused
from isthmus.kit.masking import SECRETS
from isthmus.store.database import Database

FORM, NONCE, ID, SIZE = b"\x01", 12, 8, 32
FILE = "secret.key"


class CannotOpen(AccessRefused):
    """It was sealed with another key, is of something else, or was changed."""


@dataclass(frozen=True)
class Seals:
    """The first key seals; all of them open."""

    keys: tuple[bytes, ...]

    def seal(self, secret: bytes, about: str) -> bytes:
        """`about` names what the secret is of; only under the same name it is opened."""
        nonce, key = secrets.token_bytes(NONCE), self.keys[0]
        return FORM + key_id(key) + nonce + AESGCM(key).encrypt(nonce, secret, about.encode())

    def open_sealed(self, sealed: bytes, about: str) -> bytes:
        """Raises CannotOpen."""
        form, id, rest = sealed[:1], sealed[1 : 1 + ID], sealed[1 + ID :]
        key = next((key for key in self.keys if key_id(key) == id), None)
        if form != FORM or key is None:
            raise _cannot(about, f"it was sealed with the key {id.hex()}, which is not here")
        try:
            return AESGCM(key).decrypt(rest[:NONCE], rest[NONCE:], about.encode())
        except InvalidTag as error:
            raise _cannot(about, "it was changed, or is the secret of something else") from error

    def is_current(self, sealed: bytes) -> bool:
        return sealed[1 : 1 + ID] == key_id(self.keys[0])


def key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:ID]


def seals_of(given: str | None, home: Path) -> Seals:
    """Of the setting, or of the key file of the installation, which is made where there is none.
    Raises AccessRefused.
    """
    if given is not None:
        return Seals(_read(given.split(","), "ISTHMUS_SECRET_KEY"))
    file = home / FILE
    if not file.exists():
        _write(file, [secrets.token_bytes(SIZE)], is_new=True)
    return Seals(_read(file.read_text("ascii", "replace").splitlines(), str(file)))


async def rekey(database: Database, given: str | None, home: Path, by: str) -> int:
    """Seal everything with the first key; of a key file, with a new key, after which the old ones
    are gone from it. The number of secrets that were sealed anew.
    """
    seals = seals_of(given, home)
    if given is None:
        seals = Seals((secrets.token_bytes(SIZE), *seals.keys))
        _write(home / FILE, seals.keys)  # first: a stop in between leaves both
    async with database.begin() as tx:
        old = [row for row in await tx.sealed.list() if not seals.is_current(row.sealed)]
        for row in old:
            secret = seals.open_sealed(row.sealed, row.about)
            await tx.sealed.replace(row, seals.seal(secret, row.about))
        tx.audit.add(by, "secrets.sealed_anew", "key", key_id(seals.keys[0]).hex(),
                     after={"secrets": len(old)})  # fmt: skip
    if given is None:
        _write(home / FILE, seals.keys[:1])
    return len(old)


def _read(lines: Iterable[str], where: str) -> tuple[bytes, ...]:
    keys = tuple(_key(line.strip(), where) for line in lines if line.strip())
    if not keys:
        raise _unusable(where, "it names no key")
    return keys


def _key(text: str, where: str) -> bytes:
    SECRETS.add(text)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unusable(where, "a key is not base64") from error
    if len(key) != SIZE:
        raise _unusable(where, f"a key has {len(key)} bytes, not {SIZE}")
    return key


def _write(file: Path, keys: Sequence[bytes], *, is_new: bool = False) -> None:
    """For the account that runs isthmus only; whole or not at all. A new one never goes over one
    that another process has just made.
    """
    made = file.with_name(f".{FILE}.{secrets.token_hex(4)}")
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.writelines(base64.b64encode(key).decode() + "\n" for key in keys)
        opened.flush()
        os.fsync(opened.fileno())
    if not is_new:
        made.replace(file)
        return
    try:
        os.link(made, file)
    except FileExistsError:
        pass
    finally:
        made.unlink()


def _cannot(about: str, why: str) -> CannotOpen:
    return CannotOpen(
        f"The secret of {about} cannot be opened.", why[0].upper() + why[1:] + ".",
        "Give the keys with which it was sealed: ISTHMUS_SECRET_KEY, or the file secret.key in "
        "ISTHMUS_HOME.",
    )  # fmt: skip


def _unusable(where: str, why: str) -> AccessRefused:
    return AccessRefused(
        f"{where} cannot be used.", why[0].upper() + why[1:] + ".",
        "Write base64 of 32 random bytes, such as `openssl rand -base64 32` prints; several are "
        "separated by commas (lines, in the file), and the first one seals.",
    )  # fmt: skip
