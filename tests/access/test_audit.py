"""H3: what somebody did is kept, and whoever changes that afterwards is found out."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from isthmus.access.audit_check import Checkpoint, export, verify
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_url: str):  # type: ignore[no-untyped-def] # a fixture's own type
    opened = Database(database_url)
    yield opened
    await opened.close()


async def act(database: Database, number: int) -> None:
    async with database.begin() as tx:
        after = {"rate": "120.50", "hours": 7.25, "who": "Zoë"}
        tx.audit.add(f"p{number}", "hold.fixed", "hold", "H-1", before={"rate": None}, after=after)


async def tampered(database: Database, statement: str) -> tuple[str, ...]:
    """What is found after a superuser did this with the triggers off; it is undone."""
    async with database.engine.connect() as connection:
        await connection.execute(text("set session_replication_role = replica"))
        await connection.execute(text("create table kept as select * from audit"))
        await connection.execute(text("create table kept_head as select * from audit_head"))
        await connection.execute(text(statement))
        await connection.commit()
        found = await verify(database, _CHECKPOINT[0] if _CHECKPOINT else None)
        for table in ("audit", "audit_head"):
            kept = "kept" if table == "audit" else "kept_head"
            await connection.execute(text(f"delete from {table}"))
            await connection.execute(text(f"insert into {table} select * from {kept}"))
            await connection.execute(text(f"drop table {kept}"))
        await connection.commit()
        await connection.execute(text("set session_replication_role = origin"))
    return found.findings


_CHECKPOINT: list[Checkpoint] = []


async def test_twenty_at_once_make_one_chain_and_each_change_is_found(database: Database) -> None:
    await asyncio.gather(*(act(database, number) for number in range(20)))
    whole = await verify(database)
    assert (whole.rows, whole.head.number, whole.findings) == (20, 20, ())

    for refused in ("update audit set reason = 'x'", "delete from audit", "truncate audit",
                    "update audit_head set number = 3", "delete from audit_head"):  # fmt: skip
        with pytest.raises(DBAPIError, match=r"append-only|goes on by one"):
            async with database.begin() as tx:
                await tx.connection.execute(text(refused))

    lines: list[str] = []
    manifest = await export(database, "auditor", lines.append)
    assert manifest["rows"] == len(lines) == 20
    assert manifest["head"] == {"number": 20, "hash": whole.head.hash}
    assert json.loads(lines[0])["after"] == {"rate": "120.50", "hours": "7.25", "who": "Zoë"}
    assert (await verify(database, whole.head)).rows == 21, "the export is an act too"

    _CHECKPOINT[:] = [(await verify(database)).head]
    edited = await tampered(
        database, "update audit set after = jsonb_set(after, '{rate}', '\"999\"') where number = 7"
    )
    assert edited == (
        f"row 7 (hold.fixed by {json.loads(lines[6])['principal']}) is not what was written, or "
        "not what followed the row before it",
    )
    removed = await tampered(database, "delete from audit where number = 5")
    assert removed[0] == "1 row is missing before row 6"
    swapped = await tampered(
        database,
        "update audit set number = case number when 3 then -3 when 4 then 3 else number end; "
        "update audit set number = 4 where number = -3",
    )
    assert len(swapped) == 3, "both, and the row after them"
    put_in = await tampered(
        database,
        "insert into audit select 0, at, principal, action, object_kind, object_id, reason, before,"
        " after, correlation_id, hash from audit where number = 9",
    )
    assert put_in[0] == "row 0 was put in before row 1"
    cut = await tampered(
        database,
        "delete from audit where number > 18; update audit_head set number = 18, "
        "hash = (select hash from audit where number = 18)",
    )
    assert cut == ("row 21 of the checkpoint is not there: the end was cut",)
    assert (await verify(database, _CHECKPOINT[0])).findings == ()


async def test_what_is_undone_is_not_told(database: Database) -> None:
    async def broken_off() -> None:
        async with database.begin() as tx:
            tx.audit.add("ben", "hold.fixed")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken_off()
    async with database.begin() as tx:
        async with tx.supposing():
            tx.audit.add("ben", "hold.supposed")
        tx.audit.add("ben", "hold.replayed")
    async with database.begin() as tx:
        assert [row.action for row in await tx.audit.list()] == ["hold.replayed"]
