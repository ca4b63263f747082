"""Tax numbers of customers, which SuiteQL is not known to have: they come from the record.

The SuiteTax sublist is read once per customer and again when the customer changed, so that a
search by number costs calls only for what is new. A firm that keeps the number in a column of its
own maps `tax_registration` to it, and none of this runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.client import PAGE, NetSuiteClient
from isthmus.kit.clock import utc_now

SETTLED = timedelta(minutes=1)
"""A record changed this recently may change again within the second that its stamp shows."""


@dataclass(frozen=True)
class Known:
    modified: str
    numbers: tuple[str, ...]


class TaxNumbers:
    def __init__(self, client: NetSuiteClient, zone: ZoneInfo) -> None:
        self._client, self._zone = client, zone
        self._known: dict[str, Known] = {}

    async def of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """All numbers of a customer, the default one first."""
        internal_id, modified = str(row["id"]), str(row["modified"])
        known = self._known.get(internal_id)
        if known is not None and known.modified == modified:
            return known.numbers
        record = await self._client.record("customer", internal_id, expandSubResources="true")
        numbers = numbers_of(record or {})
        if utc_now() - wire.parse_stamp(modified, self._zone) > SETTLED:
            self._known[internal_id] = Known(modified, numbers)
        return numbers

    async def of_all(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
        """One failure ends the reading; calls that are still under way are not left behind."""
        tasks = [asyncio.ensure_future(self.of(row)) for row in rows]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def ids(self, number: str) -> list[str]:
        """Customers with this number, written with or without spaces and points."""
        wanted, found, last = plain(number), [], "0"
        while True:
            rows = await self._client.suiteql(
                f"SELECT id, TO_CHAR(lastmodifieddate, '{wire.ORACLE_STAMP}') AS modified "
                f"FROM customer WHERE id > {last} ORDER BY id"
            )
            numbers = await self.of_all(rows)
            found += [
                str(r["id"])
                for r, held in zip(rows, numbers, strict=True)
                if wanted in map(plain, held)
            ]
            if len(rows) < PAGE:
                return found
            last = wire.number(str(rows[-1]["id"]))


def numbers_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    lines = (record.get("taxRegistration") or {}).get("items") or ()
    numbers = [str(x["taxRegistrationNumber"]) for x in lines if x.get("taxRegistrationNumber")]
    default = (record.get("defaultTaxReg") or {}).get("refName")
    return tuple(sorted(numbers, key=lambda n: n != default))


def plain(number: str) -> str:
    return "".join(c for c in number.upper() if c.isalnum())
