"""Isthmus looked at from outside, past the relays: how far it is with what it was given."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

FLOWS = {
    "opportunity_to_project": "opportunity to project",
    "time_to_invoice": "time to invoice",
    "contract_to_invoice": "invoicing",
    "invoice_status_to_crm": "invoice status",
    "invoice_number_to_psa": "invoice status",
}
"""Flow -> the column of the report that it counts in."""
COLUMNS = tuple(dict.fromkeys(FLOWS.values()))

FRESH = 0.05
"""Seconds for which what is under way is not looked up again."""


@dataclass(frozen=True)
class Look:
    """Equal looks mean that nothing moved in between."""

    runs: tuple[tuple[str, str, int, int], ...]
    """Flow, state, how many, and their attempts."""
    holds: tuple[tuple[str, int], ...]
    entries: tuple[tuple[str, int], ...]
    unread: int
    records: tuple[int, int]
    """How many there are, and how often they were written."""

    @property
    def is_quiet(self) -> bool:
        """Nothing is under way and nothing waits for a system or a period."""
        runs = any(state in ("queued", "running") for _, state, _, _ in self.runs)
        waiting = any(state not in ("held", "dead") for state, _ in self.holds)
        entries = any(state in ("received", "rated") for state, _ in self.entries)
        return not (runs or waiting or entries or self.unread)

    def __str__(self) -> str:
        busy = {f"{f} {s}": n for f, s, n, _ in self.runs if s != "succeeded"}
        return f"runs {busy}, holds {dict(self.holds)}, entries {dict(self.entries)}"


class Product:
    """Its database, by a connection that no fault touches but the server's own restart."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._seen, self._seen_at = frozenset[str](), 0.0

    @property
    def database(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.broken:
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        return self._connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.database.execute(query).fetchall()

    def look(self) -> Look:
        """Raises psycopg.OperationalError while the server is away."""
        return Look(
            tuple(
                self.rows(
                    "select flow, state, count(*), sum(attempts) from run group by 1, 2 "
                    "order by 1, 2"
                )
            ),
            tuple(
                self.rows(
                    "select state, count(*) from hold where state <> 'resolved' "
                    "group by 1 order by 1"
                )
            ),
            tuple(
                self.rows(
                    "select state, count(*) from time_entry where approval = 'approved' "
                    "or state in ('posted', 'invoiced') group by 1 order by 1"
                )
            ),
            self.rows("select count(*) from inbox where processed_at is null")[0][0],
            self.rows("select count(*), coalesce(sum(version), 0) from record")[0],
        )

    def in_flight(self) -> frozenset[str]:
        """Columns of the report whose flows have runs that have not ended, as of a moment ago."""
        if time.monotonic() - self._seen_at > FRESH:
            self._seen, self._seen_at = self._flows(), time.monotonic()
        return self._seen

    def _flows(self) -> frozenset[str]:
        try:
            found = self.rows(
                "select distinct flow from run where state not in "
                "('succeeded', 'skipped', 'held', 'dead')"
            )
        except psycopg.Error:
            return self._seen
        return frozenset(FLOWS[flow] for (flow,) in found if flow in FLOWS)

    def number_of(self, kind: str, where: str = "true") -> int:
        """How many records of a kind it knows."""
        [(count,)] = self.rows(f"select count(*) from record where kind = '{kind}' and {where}")
        return int(count)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
