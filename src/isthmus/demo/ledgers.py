"""The ledgers that the firm may run, each with its bookkeeper."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from isthmus.demo.clerk import LedgerClerk
from isthmus.demo.errors import DemoError
from isthmus.demo.netsuite_clerk import NetSuiteClerk
from isthmus.demo.place import Journal, Place
from isthmus.demo.tryton_clerk import tryton_clerk
from isthmus.demo.vendors import Control

LEDGERS = ("netsuite", "tryton")


def check_ledger(erp: str, journal: Journal) -> None:
    """A quarter that was begun is played to its end with the ledger it was begun with."""
    if erp not in LEDGERS:
        raise DemoError(
            f"the demonstration cannot run with {erp}",
            f"its bookkeepers know {', '.join(LEDGERS)}",
            "Choose one of them with --erp.",
        )
    before = journal.get("erp", erp)
    if before != erp:
        raise DemoError(
            f"this quarter cannot go on with {erp}",
            f"it was begun with {before}",
            f"Start over with --fresh, or go on with --erp {before}.",
        )
    journal.note("erp", erp)


@asynccontextmanager
async def bookkeeper(
    erp: str, place: Place, systems: Mapping[str, Control], tell: Callable[[str], None]
) -> AsyncIterator[LedgerClerk]:
    if erp == "tryton":
        async with tryton_clerk(place, tell) as clerk:
            yield clerk
    else:
        yield NetSuiteClerk(place, systems["netsuite"])
