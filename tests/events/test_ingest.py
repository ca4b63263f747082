"""Records that point at each other, that cannot be read, that trip us: the rest goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.firm import Firm

from isthmus.canonical import CanonicalObject, Customer, Opportunity
from isthmus.canonical.base import Role
from isthmus.connect import (
    Capability,
    Change,
    ConnectError,
    Page,
    Refused,
    System,
    Unavailable,
    Watermark,
)
from isthmus.events.links import Connected
from isthmus.events.reader import ATTEMPTS, Reader
from isthmus.store.holds import DEAD

pytestmark = pytest.mark.anyio
AT = datetime(2026, 7, 1, tzinfo=UTC)


class Shelf:
    """A system of a few records; what is an exception is raised when it is read."""

    name = "shelf"
    transport = None

    def __init__(self, *changes: Change, broken: Mapping[str, Exception] | None = None) -> None:
        self.records = {c.external_id: c for c in changes}
        self.broken = broken or {}
        self.capabilities = {m: Capability(reads=True) for m in (Customer, Opportunity)}
        self.asked: list[str] = []

    async def get(self, model: type[CanonicalObject], external_id: str) -> Change | None:
        self.asked.append(external_id)
        if external_id in self.broken:
            raise self.broken[external_id]
        return self.records.get(external_id)

    async def changes(self, model: type[CanonicalObject], since: Watermark) -> AsyncIterator[Page]:
        if model is Customer and "customers" in self.broken:
            raise self.broken["customers"]
        yield Page([c for c in self.records.values() if c.model is model], since)


def account(id: str, **values: Any) -> Change:
    return Change(Customer, id, AT, {"name": f"Client {id}", **values})


def connected(shelf: Shelf) -> Connected:
    system: System = shelf  # type: ignore[assignment] # the part of it that reading asks for
    return Connected(system, frozenset({Role.CRM}), "shelf")


def reader(firm: Firm, shelf: Shelf) -> Reader:
    async def nothing(model: type[CanonicalObject]) -> None:
        pass

    app = firm.app
    return Reader(connected(shelf), app.database, app.ingest, lambda kind: 0.0, nothing)


async def customers(firm: Firm) -> dict[str, Customer]:
    async with firm.app.database.begin() as tx:
        found = await tx.records.list(Customer)
    return {c.name: c for c in found}


async def notice(firm: Firm, *ids: str, kind: str = "customer") -> None:
    async with firm.app.database.begin() as tx:
        for id in ids:
            await tx.inbox.accept(
                "shelf", f"n-{id}", kind=kind, external_id=id, headers={}, body=b""
            )


async def test_a_child_read_before_its_parent_keeps_it(firm: Firm) -> None:
    """The parent was edited last, so it stands behind its children on the first page."""
    page = [account("branch", parent="group"), account("group")]
    taken = await firm.app.ingest.take(connected(Shelf()), page)
    assert taken.changed == 2
    known = await customers(firm)
    assert known["Client branch"].parent == known["Client group"].id


async def test_a_circle_of_references_is_walked_once(firm: Firm) -> None:
    shelf = Shelf(account("a", parent="b"), account("b", parent="c"), account("c", parent="a"))
    taken = await firm.app.ingest.take(connected(shelf), [shelf.records["a"]])
    assert taken.changed == 1
    assert shelf.asked == ["b", "c"]
    known = await customers(firm)
    assert known["Client a"].parent == known["Client b"].id
    assert known["Client b"].parent == known["Client c"].id


async def test_a_reference_that_cannot_be_read_does_not_stop_the_page(firm: Firm) -> None:
    shelf = Shelf(
        account("a", parent="secret"), account("b"),
        broken={"secret": Refused("shelf", "no access to this account")},
    )  # fmt: skip
    assert await reader(firm, shelf).poll([Customer]) == 2
    assert (await customers(firm)).keys() == {"Client a", "Client b"}


async def test_a_message_that_trips_us_is_held_and_the_rest_goes_on(firm: Firm) -> None:
    shelf = Shelf(account("good"), broken={"bad": ZeroDivisionError("no such rate")})
    await notice(firm, "bad", "good")
    reading = reader(firm, shelf)
    await reading.messages()
    assert (await customers(firm)).keys() == {"Client good"}
    assert await firm.open_holds() == []
    for _ in range(ATTEMPTS):
        await reading.messages()
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.reason) == (
        DEAD,
        "defect",
        "ZeroDivisionError: no such rate",
    )
    assert shelf.asked.count("bad") == ATTEMPTS
    async with firm.app.database.begin() as tx:
        assert await tx.inbox.counts() == (2, 2, 0)


async def test_a_kind_that_trips_us_does_not_stop_the_kinds_after_it(firm: Firm) -> None:
    deal = Change(Opportunity, "d", AT, {"name": "A deal", "customer": "a", "stage": "open"})
    shelf = Shelf(account("a"), deal, broken={"customers": ZeroDivisionError("a defect")})
    await reader(firm, shelf)._poll_due()
    async with firm.app.database.begin() as tx:
        assert await tx.xref.canonical("opportunity", "shelf", "d") is not None


@pytest.mark.parametrize(
    ("error", "read"),
    [
        (None, {"customer", "opportunity"}),
        (Refused("shelf", "no access to accounts"), {"customer", "opportunity"}),
        (Unavailable("shelf", "it hung up in the middle"), set()),
    ],
    ids=["shown", "refused", "away"],
)
async def test_a_first_reading_ends_with_all_that_the_system_shows_or_its_refusal(
    firm: Firm, error: ConnectError | None, read: set[str]
) -> None:
    """After it, what is not known is not there; a system that was away is still to be asked."""
    shelf = Shelf(account("a"), broken={"customers": error} if error else {})
    with suppress(Unavailable):
        await reader(firm, shelf)._poll_due()
    async with firm.app.database.begin() as tx:
        assert await tx.watermarks.read_once("shelf", {"customer", "opportunity"}) == read


async def test_a_hold_ends_when_the_source_says_again_what_we_have(firm: Firm) -> None:
    shelf = Shelf()
    for name in ("Client", None, "Client"):
        await firm.app.ingest.take(connected(shelf), [account("a", name=name)])
        held = [h.code for h in await firm.open_holds()]
        assert held == ([] if name else ["unusable"])


@pytest.mark.slow
async def test_a_long_page_is_taken_in_by_parts(firm: Firm) -> None:
    """One transaction of it would need more locks than a server has room for."""
    many: Sequence[Change] = [account(f"{n:04}", parent="0000" if n else None) for n in range(1200)]
    source = connected(Shelf())
    state = ("customer", {"position": "2026-07-01T00:00:00+00:00", "overlap": 0, "recent": {}})
    taken = await firm.app.ingest.take(source, many, watermark=state)
    assert (taken.changed, taken.unchanged, taken.refused) == (1200, 0, 0)
    async with firm.app.database.begin() as tx:
        assert await tx.watermarks.get("shelf", "customer") == state[1]
