"""Passwords: hashed with argon2id, off the event loop, because that takes its time on purpose."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 1024
_HASHER = PasswordHasher()
_GROUPS, _GROUP = 4, 5
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that are taken for another when read from a screen."""


class WeakPassword(ValueError):
    pass


def one_time() -> str:
    """Twenty letters, about 100 bits: for a person to type once."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def ensure_strong(password: str, name: str) -> None:
    """Raises WeakPassword. Length is what counts: NIST SP 800-63B asks for no mixture of signs."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(f"a password has {SHORTEST} to {LONGEST} characters")
    if name.lower() in password.lower() or len(set(password)) < SHORTEST // 2:
        raise WeakPassword("a password is not the account's name, nor a few characters repeated")


async def hashed(password: str) -> str:
    return await asyncio.to_thread(_HASHER.hash, password)


async def fits(password: str, hash: str | None) -> bool:
    """Takes as long where there is no hash, so that nobody learns which accounts there are."""
    return await asyncio.to_thread(_fits, password[:LONGEST], hash)


def _fits(password: str, hash: str | None) -> bool:
    try:
        _HASHER.verify(hash or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return hash is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
