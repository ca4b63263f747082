"""What our processes and their database hold at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg

PURGED = {
    "events that pass": "event_passing%",
    "messages": "inbox",
    "runs": "run",
    "recorded runs": "workflow_status",
    "what started them": "workflow_input",
    "recorded steps": "operation_outputs",
}
"""What is emptied or removed by age, and the tables that hold it."""
_SIZES = """
    select coalesce(sum(pg_total_relation_size(c.oid)), 0) / 1024.0
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'dbos') and c.relkind = 'r' and c.relname like %s
"""
_REST = """
    select sum(pg_total_relation_size(c.oid)) / 1024.0
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'dbos') and c.relkind = 'r' and not c.relname like any(%s)
"""

Sample = dict[tuple[str, str], float]
"""(what, unit) -> value"""


def of_process(name: str, pid: int) -> Sample:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in status if line.startswith("VmRSS:")]
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return {(f"memory of {name}", "MB"): int(kilobytes) / 1024,
            (f"open files of {name}", "files"): files}  # fmt: skip


def of_database(connection: psycopg.Connection[tuple[object, ...]]) -> Sample:
    """Connections but our own; sizes with indexes, once what is dead may be written over."""
    found: Sample = {
        ("connections", "connections"): _number(
            connection,
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'",
        )
    }
    for table in (
        "inbox",
        "run",
        "executor",
        "dbos.workflow_status",
        "dbos.workflow_input",
        "dbos.operation_outputs",
    ):
        connection.execute(f"vacuum {table}".encode())
    for what, tables in PURGED.items():
        found[what, "KB"] = _number(connection, _SIZES, [tables])
    return found


def kept(connection: psycopg.Connection[tuple[object, ...]]) -> float:
    """KB of all other tables: facts, records, holds, events that last."""
    return _number(connection, _REST, [list(PURGED.values())])


def _number(
    connection: psycopg.Connection[tuple[object, ...]],
    query: str,
    values: list[object] | None = None,
) -> float:
    row = connection.execute(query.encode(), values).fetchone()
    return float(str(row[0])) if row else 0.0


def all_of(pids: Mapping[str, int], connection: psycopg.Connection[tuple[object, ...]]) -> Sample:
    found = of_database(connection)
    for name, pid in pids.items():
        found |= of_process(name, pid)
    return found
