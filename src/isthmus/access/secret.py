"""Random secrets, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets

from isthmus.kit.masking import SECRETS


def new_secret() -> str:
    """256 random bits, fit for a cookie or a header."""
    made = secrets.token_urlsafe(32)
    SECRETS.add(made)
    return made


def digest(secret: str) -> bytes:
    """Plain SHA-256: 256 random bits cannot be guessed, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).digest()


def csrf_of(secret: str) -> str:
    """What a page of the session sends back with every act; the cookie cannot be had from it."""
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()
