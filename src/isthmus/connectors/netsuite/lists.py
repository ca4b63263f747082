"""Small lists that records point into: currencies, terms, subsidiaries, periods.

Read once and again when a value is not found, so that a new term or subsidiary needs no restart.
"""

from __future__ import annotations

from isthmus.connect.errors import FieldProblem, Invalid
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.client import PAGE, NetSuiteClient


class NameList:
    """Internal id <-> the name that people and other systems use."""

    def __init__(self, client: NetSuiteClient, table: str, column: str) -> None:
        self._client, self._table, self._column = client, table, wire.column(column)
        self._names: dict[str, str] = {}

    async def name(self, internal_id: object) -> str | None:
        if internal_id is None:
            return None
        if str(internal_id) not in self._names:
            await self._read()
        return self._names.get(str(internal_id))

    async def id(self, name: str, record: str, field: str) -> str:
        """Raises Invalid when NetSuite has no such entry."""
        for fresh in (False, True):
            if fresh:
                await self._read()
            for internal_id, known in self._names.items():
                if known.casefold() == name.casefold():
                    return internal_id
        raise Invalid(
            self._client.system,
            f"NetSuite has no {self._table} {name!r}",
            fields=(
                FieldProblem(
                    record,
                    field,
                    name,
                    f"no {self._table} has this {self._column}",
                    f"Create it in NetSuite or correct the value (known: {self._known()}).",
                ),
            ),
        )

    def _known(self) -> str:
        return ", ".join(sorted(self._names.values())) or "none"

    async def _read(self) -> None:
        last = "0"
        while True:
            rows = await self._client.suiteql(
                f"SELECT id, {self._column} AS name FROM {self._table} "
                f"WHERE id > {last} ORDER BY id"
            )
            self._names |= {str(r["id"]): str(r["name"]) for r in rows if r.get("name")}
            if len(rows) < PAGE:
                return
            last = wire.number(str(rows[-1]["id"]))


class Lists:
    def __init__(self, client: NetSuiteClient, subsidiary_code: str) -> None:
        self.currencies = NameList(client, "currency", "symbol")
        self.terms = NameList(client, "term", "name")
        self.subsidiaries = NameList(client, "subsidiary", subsidiary_code)
        self.periods = NameList(client, "accountingperiod", "periodname")
        self.accounts = NameList(client, "account", "acctnumber")
