"""Is the audit as it was written? What is found is told row by row; the end by a checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isthmus.kit.clock import utc_now
from isthmus.store.audit import START, Head
from isthmus.store.database import Database, Transaction

ERASED = "person.erased"
"""The act that may change what rows say."""


@dataclass(frozen=True)
class Checkpoint:
    """The head as it was once, kept where whoever can write to the database cannot."""

    number: int
    hash: str


@dataclass(frozen=True)
class Verified:
    """`until` is when the last row was written, `first` the number of the first that is wrong."""

    rows: int
    head: Checkpoint
    findings: tuple[str, ...]
    until: datetime | None = None
    first: int | None = None


async def verify(
    database: Database, checkpoint: Checkpoint | None = None, most: int = 20
) -> Verified:
    """Finds rows that were edited, removed, put in or reordered. That rows were cut off the end,
    or all were written anew, only the checkpoint shows.
    """
    findings: list[str] = []
    until: datetime | None = None
    first: int | None = None
    expected, before, seen = 1, START, checkpoint is None or checkpoint.number == 0
    async with database.snapshot() as tx:
        head = await tx.audit.head()
        erased = await _erased(tx)
        async for row in tx.audit.rows():
            if row.number != expected:
                findings.append(_gap(expected, row.number))
            if row.chained(before) != row.hash and erased.get(row.number) != row.digest():
                findings.append(
                    f"row {row.number} ({row.action} by {row.principal}) is not what was written, "
                    "or not what followed the row before it"
                )
            if checkpoint is not None and row.number == checkpoint.number:
                seen = row.hash.hex() == checkpoint.hash
                if not seen:
                    findings.append(f"row {row.number} is another than that of the checkpoint")
                    seen = True
            first = row.number if findings and first is None else first
            expected, before, until = row.number + 1, row.hash, row.at
    if (head.number, head.hash) != (expected - 1, before):
        findings.append(f"the head names row {head.number}, the last row is {expected - 1}")
    if checkpoint is not None and not seen:
        findings.append(f"row {checkpoint.number} of the checkpoint is not there: the end was cut")
    return Verified(expected - 1, _told(head), tuple(findings[:most]), until, first)


async def _erased(tx: Transaction) -> dict[int, str]:
    """Row -> digest of what it says since a person's data was erased from it: the last act that
    did so tells, and is chained itself.
    """
    found: dict[int, str] = {}
    async for row in tx.audit.rows():
        if row.action == ERASED:
            rows = row.after.get("audit") or {}
            found |= {int(n): digest for n, digest in rows.items() if int(n) < row.number}
    return found


def _gap(expected: int, number: int) -> str:
    if number < expected:
        return f"row {number} was put in before row {expected}"
    missing = number - expected
    return f"{missing} {'row is' if missing == 1 else 'rows are'} missing before row {number}"


def _told(head: Head) -> Checkpoint:
    return Checkpoint(head.number, head.hash.hex())


async def export(database: Database, by: str, write: Callable[[str], Any]) -> dict[str, Any]:
    """Every row as a line of JSON, with its hash in hex; the manifest, which ends with the
    SHA-256 of all lines. That it was exported is itself a row, after those.
    """
    digest, count, last = hashlib.sha256(), 0, START
    async with database.begin() as tx:
        async for row in tx.audit.rows():
            line = json.dumps({**row.written(), "hash": row.hash.hex()}, ensure_ascii=False) + "\n"
            write(line)
            digest.update(line.encode())
            count, last = count + 1, row.hash
        tx.audit.add(by, "audit.exported", "audit", after={"rows": count})
    return {
        "rows": count, "head": {"number": count, "hash": last.hex()},
        "sha256": digest.hexdigest(), "exported_at": utc_now().isoformat(), "exported_by": by,
        "chain": "each hash is SHA-256 of the 32 bytes of the hash before it, the first of 32 "
        "zero bytes, and the row without `hash` as JSON with sorted keys and no blanks; of a row "
        "that an act person.erased names under `audit`, the SHA-256 of the row alone stands there",
    }  # fmt: skip
