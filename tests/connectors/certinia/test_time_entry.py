"""Timecards as entries by day, and invoice marks on their splits, against the simulated org."""

from datetime import date
from decimal import Decimal

import pytest
from tests.connectors.certinia.engagement import Engagement, an_engagement
from tests.platforms.salesforce.world import World, read_all

from isthmus.canonical import TimeEntry
from isthmus.canonical.time_entry import Approval
from isthmus.connect import Conflict, Invalid, Outgoing, Receipt, Watermark
from isthmus.connect.listing import Window, listing
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio

MON, TUE, WED = (date(2026, 6, 29), date(2026, 6, 30), date(2026, 7, 1))


async def test_a_week_is_an_entry_for_each_day_with_hours(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard()
    changes, _ = await read_all(world.psa, TimeEntry, Watermark())
    assert [c.external_id for c in changes] == [
        f"{header}:2026-06-29",
        f"{header}:2026-06-30",
        f"{header}:2026-07-01",
        f"{header}:2026-07-02",
        f"{header}:2026-07-03",
        f"{header}:2026-07-04",
        f"{header}:2026-07-05",
    ]
    assert [c.deleted for c in changes] == [False] * 3 + [True] * 4
    assert changes[2].problems == ()
    assert changes[2].attributes == {
        "resource": work.resource,
        "project": work.project,
        "phase": None,
        "assignment": work.assignment,
        "role": "Consultant",
        "worked_on": WED,
        "hours": Decimal("6.25"),
        "is_billable": True,
        "approval": Approval.APPROVED,
        "note": "Workshop",
        "currency": "EUR",
        "source_rate": Money.of("150", "EUR"),
    }


@pytest.mark.parametrize(
    ("values", "approval"),
    [
        ({"pse__Include_In_Financials__c": False}, Approval.SUBMITTED),
        ({"pse__Approved__c": False, "pse__Include_In_Financials__c": False}, Approval.SUBMITTED),
        (
            {
                "pse__Status__c": "Rejected",
                "pse__Approved__c": False,
                "pse__Submitted__c": False,
                "pse__Include_In_Financials__c": False,
            },
            Approval.REJECTED,
        ),
        (
            {
                "pse__Status__c": "Saved",
                "pse__Approved__c": False,
                "pse__Submitted__c": False,
                "pse__Include_In_Financials__c": False,
            },
            Approval.DRAFT,
        ),
    ],
)
async def test_the_status_text_alone_approves_nothing(
    world: World, values: dict[str, object], approval: Approval
) -> None:
    work = await an_engagement(world)
    header = await work.timecard(**values)
    found = await world.psa.get(TimeEntry, f"{header}:2026-06-29")
    assert found is not None
    assert found.attributes["approval"] is approval


async def test_excluded_time_is_not_billable_and_a_daily_rate_is_a_problem(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard(pse__Exclude_from_Billing__c=True, pse__Daily_Bill_Rate__c=True)
    found = await world.psa.get(TimeEntry, f"{header}:2026-06-29")
    assert found is not None
    assert found.attributes["is_billable"] is False
    assert found.attributes["source_rate"] is None
    assert [p.field for p in found.problems] == ["pse__Daily_Bill_Rate__c"]


async def test_a_corrected_day_comes_alone_and_an_emptied_one_as_deleted(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard(
        pse__Status__c="Saved",
        pse__Submitted__c=False,
        pse__Approved__c=False,
        pse__Include_In_Financials__c=False,
    )
    _, mark = await read_all(world.psa, TimeEntry, Watermark())
    assert (await read_all(world.psa, TimeEntry, mark))[0] == []
    await world.update(
        "pse__Timecard_Header__c", header, pse__Tuesday_Hours__c=4, pse__Wednesday_Hours__c=0
    )
    changes, mark = await read_all(world.psa, TimeEntry, mark)
    assert [(c.external_id, c.deleted) for c in changes] == [
        (f"{header}:2026-06-30", False),
        (f"{header}:2026-07-01", True),
    ]
    assert (await read_all(world.psa, TimeEntry, mark))[0] == []
    assert changes[0].attributes["hours"] == Decimal(4)


def billed(work: Engagement, header: str, day: date, number: str | None = "INV-1") -> Outgoing:
    entry = TimeEntry(
        id=new_id(),
        resource=work.resource,
        project=work.project,
        worked_on=day,
        hours=Decimal(1),
        currency="EUR",
        invoice_number=number,
        invoiced_on=date(2026, 7, 10),
    )
    only = frozenset({"invoice_number", "invoiced_on"})
    return Outgoing(entry, f"{header}{day}", external_id=f"{header}:{day}", only=only)


async def test_a_split_is_marked_when_all_its_days_are_billed(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard()
    june, july = work.splits(header)
    assert (june["pse__Monday_Hours__c"], july["pse__Wednesday_Hours__c"]) == (
        Decimal("7.5"),
        Decimal("6.25"),
    )
    results = await world.psa.put_many([billed(work, header, MON), billed(work, header, TUE)])
    assert [r.attributes for r in results if isinstance(r, Receipt)] == [
        {"invoice_number": "INV-1", "invoiced_on": date(2026, 7, 10)}
    ] * 2
    june, july = work.splits(header)
    assert (june["pse__Invoice_Number__c"], june["pse__Invoice_Date__c"]) == ("INV-1", "2026-07-10")
    assert (june["pse__Invoiced__c"], june["pse__Billed__c"]) == (True, True)
    assert (july["pse__Invoiced__c"], july["pse__Invoice_Number__c"]) == (False, None)
    row = world.row("pse__Timecard_Header__c", header)
    assert row["pse__Invoiced__c"] is False
    await world.psa.put(billed(work, header, WED))
    row = world.row("pse__Timecard_Header__c", header)
    assert (row["pse__Invoiced__c"], row["pse__Billed__c"]) == (True, True)


async def test_days_billed_apart_mark_their_split_at_the_last(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard()
    first = await world.psa.put(billed(work, header, MON, "INV-1"))
    assert first.attributes["partially"] is True
    assert [s["pse__Invoiced__c"] for s in work.splits(header)] == [False, False]
    note = world.row("pse__Timecard_Header__c", header)["pse__Audit_Notes__c"]
    assert note == "Isthmus INV-1: 29"
    second = await world.psa.put(billed(work, header, TUE, "INV-2"))
    assert "partially" not in second.attributes
    assert work.splits(header)[0]["pse__Invoice_Number__c"] == "INV-1, INV-2"


async def test_the_same_mark_twice_writes_nothing_more(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard()
    batch = [billed(work, header, day) for day in (MON, TUE, WED)]
    await world.psa.put_many(batch)
    before = world.row("pse__Timecard_Header__c", header), work.splits(header)
    results = await world.psa.put_many(batch)
    assert [r.created for r in results if isinstance(r, Receipt)] == [False] * 3
    assert (world.row("pse__Timecard_Header__c", header), work.splits(header)) == before


async def test_time_billed_anew_after_a_credit_carries_the_new_invoice(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard()
    await world.psa.put_many([billed(work, header, day) for day in (MON, TUE, WED)])
    await world.psa.put_many([billed(work, header, day, "INV-2") for day in (MON, TUE)])
    assert [s["pse__Invoice_Number__c"] for s in work.splits(header)] == ["INV-2", "INV-1"]


async def test_a_mark_is_taken_back_from_its_split_and_its_week(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard()
    await world.psa.put_many([billed(work, header, day) for day in (MON, TUE, WED)])
    await world.psa.put_many([billed(work, header, TUE, None)])
    june, july = work.splits(header)
    assert (june["pse__Invoiced__c"], june["pse__Billed__c"]) == (False, False)
    assert (june["pse__Invoice_Number__c"], june["pse__Invoice_Date__c"]) == (None, None)
    assert (july["pse__Invoiced__c"], july["pse__Invoice_Number__c"]) == (True, "INV-1")
    row = world.row("pse__Timecard_Header__c", header)
    assert (row["pse__Invoiced__c"], row["pse__Audit_Notes__c"]) == (False, "Isthmus INV-1: 29 01")
    await world.psa.put_many([billed(work, header, TUE, "INV-2")])
    june, _ = work.splits(header)
    assert (june["pse__Invoiced__c"], june["pse__Invoice_Number__c"]) == (True, "INV-1, INV-2")
    await world.psa.put_many([billed(work, header, day, None) for day in (MON, TUE, WED)])
    row = world.row("pse__Timecard_Header__c", header)
    assert row["pse__Audit_Notes__c"] == "Isthmus: on no invoice any more"
    assert {s["pse__Invoiced__c"] for s in work.splits(header)} == {False}


async def test_each_entry_that_cannot_be_marked_says_why(world: World) -> None:
    work = await an_engagement(world)
    header = await work.timecard()
    unnumbered = Outgoing(
        billed(work, header, MON).obj.changed(invoice_number=None),
        "k",
        external_id=f"{header}:2026-06-29",
    )
    nowhere = billed(work, "a1T000000000999AAA", MON)
    nameless = Outgoing(billed(work, header, MON).obj, "k")
    good = billed(work, header, WED)
    results = await world.psa.put_many([unnumbered, nowhere, nameless, good])
    assert [type(r) for r in results] == [Invalid, Conflict, Invalid, Receipt]


async def test_weeks_are_listed_by_day_over_several_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they are now: a day without hours and a week that was deleted are not there."""
    monkeypatch.setattr("isthmus.platforms.salesforce.listing.PAGE", 2)
    work = await an_engagement(world)
    weeks = {}
    for monday, sunday in (("2026-06-22", "2026-06-28"), ("2026-06-29", "2026-07-05"),
                           ("2026-07-06", "2026-07-12"), ("2026-07-13", "2026-07-19"),
                           ("2026-07-20", "2026-07-26")):  # fmt: skip
        weeks[monday] = await work.timecard(pse__Start_Date__c=monday, pse__End_Date__c=sunday)
    await world.control("delete", {"ids": [weeks["2026-07-13"]]})
    window = Window(date(2026, 7, 1), date(2026, 7, 20))
    pages = [page async for page in listing(world.psa, TimeEntry, window)]
    assert [len(page) for page in pages] == [6, 3], "two weeks and one"
    assert [c.external_id for page in pages for c in page] == [
        f"{weeks[monday]}:{day}"
        for monday, days in (("2026-06-29", ("2026-06-29", "2026-06-30", "2026-07-01")),
                             ("2026-07-06", ("2026-07-06", "2026-07-07", "2026-07-08")),
                             ("2026-07-20", ("2026-07-20", "2026-07-21", "2026-07-22")))
        for day in days
    ]  # fmt: skip
