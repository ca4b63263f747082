"""H5: what secrets we keep are sealed in the database, under keys that are kept elsewhere."""

from __future__ import annotations

import base64
import secrets
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from isthmus.access.accounts import AccessRefused
from isthmus.access.sealing import FILE, CannotOpen, Seals, rekey, seals_of
from isthmus.store.database import Database, Transaction

CANARY = b"-----canary of a private key-----"
pytestmark = pytest.mark.anyio


def key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def test_a_secret_is_opened_only_as_what_it_is_and_with_its_key(tmp_path: Path) -> None:
    seals = seals_of(None, tmp_path / "new")
    file = tmp_path / "new" / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert seals_of(None, file.parent) == seals, "it is made once"
    sealed = seals.seal(CANARY, "signing_key:a")
    assert CANARY not in sealed
    assert seals.seal(CANARY, "signing_key:a") != sealed, "no two are alike"
    assert seals.open_sealed(sealed, "signing_key:a") == CANARY
    with pytest.raises(CannotOpen, match="changed, or is the secret of something else"):
        seals.open_sealed(sealed, "signing_key:b")
    with pytest.raises(CannotOpen, match="changed"):
        seals.open_sealed(sealed[:-1] + bytes([sealed[-1] ^ 1]), "signing_key:a")
    with pytest.raises(CannotOpen, match="which is not here"):
        Seals((bytes(32),)).open_sealed(sealed, "signing_key:a")
    for wrong, why in (("", "names no key"), ("abc$", "not base64"), ("YWJj", "3 bytes, not 32")):
        with pytest.raises(AccessRefused, match=why):
            seals_of(wrong, tmp_path)


async def test_keys_are_changed_and_the_tables_show_nothing(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    try:
        old = seals_of(None, tmp_path)
        async with database.begin() as tx:
            for id in ("a", "b"):
                await tx.connection.execute(
                    text("insert into signing_key (id, sealed) values (:id, :sealed)"),
                    {"id": id, "sealed": old.seal(CANARY, f"signing_key:{id}")},
                )
        assert await rekey(database, None, tmp_path, "admin") == 2
        new = seals_of(None, tmp_path)
        assert len(new.keys) == 1
        assert new != old
        assert await _opened(database, new) == [CANARY, CANARY]

        first, second = key(), key()
        async with database.begin() as tx:
            for row in await tx.sealed.list():
                sealed = seals_of(first, tmp_path).seal(CANARY, row.about)
                await tx.sealed.replace(row, sealed)
        assert await rekey(database, f"{second},{first}", tmp_path, "admin") == 2
        assert await rekey(database, f"{second},{first}", tmp_path, "admin") == 0
        assert await _opened(database, seals_of(second, tmp_path)) == [CANARY, CANARY]
        with pytest.raises(CannotOpen):
            await rekey(database, key(), tmp_path, "admin")
        async with database.begin() as tx:
            acts = [(row.action, row.after) for row in await tx.audit.list()]
            assert CANARY not in b"".join([row.sealed for row in await tx.sealed.list()])
        assert acts == [("secrets.sealed_anew", {"secrets": n}) for n in (0, 2, 2)]
    finally:
        await database.close()


async def _opened(database: Database, seals: Seals) -> list[bytes]:
    async with database.begin() as tx:
        return await _all(tx, seals)


async def _all(tx: Transaction, seals: Seals) -> list[bytes]:
    return [seals.open_sealed(row.sealed, row.about) for row in await tx.sealed.list()]
