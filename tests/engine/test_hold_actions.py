"""What people do with holds, on a firm at work: corrected, replayed, skipped, handed over."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, log_week, project_of, staff, win

from isthmus.canonical import Customer, Opportunity
from isthmus.engine.hold_actions import ActionRefused, assign, fix, replay_hold, skip
from isthmus.store.holds import HELD, HoldRow, NewHold

pytestmark = pytest.mark.anyio


@pytest.fixture
async def firm(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path) as made:
        yield made


async def _only_hold(firm: Firm) -> HoldRow:
    async with firm.app.database.begin() as tx:
        [hold] = await tx.holds.list()
    return hold


async def _again(firm: Firm, hold: HoldRow) -> HoldRow:
    async with firm.app.database.begin() as tx:
        found = await tx.holds.find(hold.label)
    assert found is not None
    return found


async def _acts(firm: Firm, hold: HoldRow) -> list[tuple[str, str, object, object]]:
    """(event, by, before, after), in order."""
    async with firm.app.database.begin() as tx:
        events = await tx.events.of(subject=hold.label)
    return [(e.type, e.data["by"], e.data["before"], e.data["after"]) for e in events]


async def _held_deal(firm: Firm, **values: object) -> HoldRow:
    deal = await a_deal(firm, await an_account(firm), **values)
    await win(firm, deal)
    return await _only_hold(firm)


async def _held_entry(firm: Firm) -> HoldRow:
    """Eight hours at 140, where the rate card says 150."""
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)
    assignment = await staff(firm, project, Decimal(140))
    await log_week(firm, project, assignment, "2026-07-06", ["8"])
    await firm.read()
    return await _only_hold(firm)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("EA-US", "opportunity.legal_entity: 'EA-US' is another company."),
        ("EA-XX", "opportunity.legal_entity: 'EA-XX' is another company."),
        ("", "opportunity.legal_entity: the opportunity would be of none of your companies."),
    ],
)
async def test_who_corrects_for_one_company_leaves_a_deal_there(
    firm: Firm, code: str, said: str
) -> None:
    hold = await _held_deal(firm, Billing_Model__c=None)
    values = {"billing_model": "t_and_m", "legal_entity": code}
    with pytest.raises(ActionRefused) as refused:
        await fix(firm.app.engine, hold, values, "nl@firm.example", within={"EA-NL"})
    assert (refused.value.what, refused.value.why, refused.value.remedy) == (
        said,
        "Your role holds in EA-NL.",
        "Name EA-NL, or what is theirs, or ask somebody whose role holds in the whole firm.",
    )
    async with firm.app.database.begin() as tx:
        assert await tx.edits.of_hold(hold.number) == [], "the lawful half is not kept either"
    values["legal_entity"] = "EA-NL"
    assert (await fix(firm.app.engine, hold, values, "nl@firm.example", within={"EA-NL"})).done
    await fix(firm.app.engine, hold, {"legal_entity": "EA-US"}, "all@firm.example", within=None)


async def test_a_corrected_deal_goes_on_where_it_stopped(firm: Firm) -> None:
    hold = await _held_deal(firm, Contracting_Entity__c=None)
    assert (hold.code, hold.object_kind) == ("legal_entity_missing", "opportunity")
    engine = firm.app.engine

    fixed = await fix(engine, hold, {"legal_entity": "EA-NL"}, "finance@firm.example", within=None)
    assert fixed.message == (
        f"{hold.label} corrected (legal_entity: None -> EA-NL); replay it to go on"
    )
    replayed = await replay_hold(engine, hold, "finance@firm.example")
    assert (replayed.done, replayed.message.endswith("goes on at step validate_deal")) == (
        True, True,
    )  # fmt: skip
    await firm.settle()

    assert await firm.holds() == []
    [deal] = [p for p in firm.org.rows("pse__Proj__c") if p.get("pse__Opportunity__c")]
    assert deal["Name"] == "Harbour redesign"
    assert await _acts(firm, hold) == [
        ("hold.fixed", "finance@firm.example", {"legal_entity": None},
         {"legal_entity": "EA-NL"}),
        ("hold.replayed", "finance@firm.example", {"state": "held"}, {"state": "queued"}),
    ]  # fmt: skip
    async with firm.app.database.begin() as tx:
        assert hold.object_id is not None
        original = await tx.records.get(Opportunity, hold.object_id)
        edits = await tx.edits.of_hold(hold.number)
    assert original.legal_entity is None
    assert [(e.attribute, e.original, e.value, e.edited_by) for e in edits] == [
        ("legal_entity", None, "EA-NL", "finance@firm.example")
    ]


async def test_what_the_held_object_points_at_is_corrected_too(firm: Firm) -> None:
    account = await an_account(firm, Tax_Registration__c="NL000000000B00")
    await win(firm, await a_deal(firm, account))
    hold = await _only_hold(firm)
    engine = firm.app.engine
    with pytest.raises(ActionRefused, match=r"Did you mean customer\.tax_registration\?"):
        await fix(engine, hold, {"tax_registration": "NL004495445B01"}, "someone", within=None)
    with pytest.raises(ActionRefused, match="points at no object"):
        await fix(engine, hold, {"amends.name": "x"}, "someone", within=None)
    fixed = await fix(
        engine, hold, {"customer.tax_registration": "NL004495445B01"}, "someone", within=None
    )
    assert fixed.message.startswith(
        f"{hold.label} corrected (customer.tax_registration: NL000000000B00 -> NL004495445B01)"
    )
    await replay_hold(engine, hold, "someone")
    await firm.settle()
    assert await firm.holds() == []
    assert len(await firm.books.rows("customer")) == 1


@pytest.mark.slow
async def test_what_is_over_is_left_alone(firm: Firm) -> None:
    hold = await _held_deal(firm, Contracting_Entity__c=None)
    engine = firm.app.engine
    await fix(engine, hold, {"legal_entity": "EA-NL"}, "one", within=None)
    await replay_hold(engine, hold, "one")
    await firm.settle()
    over = await _again(firm, hold)
    message = f"{hold.label} is over already (succeeded by isthmus); nothing to do"
    for acted in (
        await replay_hold(engine, over, "two"),
        await skip(engine, over, "too late", "two"),
        await fix(engine, over, {"legal_entity": "EA-US"}, "two", within=None),
        await assign(engine, over, "three", "two"),
    ):
        assert (acted.done, acted.message) == (False, message)
    stale = await replay_hold(engine, hold, "two")
    assert (stale.done, stale.message.endswith("has succeeded already; nothing to replay")) == (
        False, True,
    )  # fmt: skip
    assert [act[0] for act in await _acts(firm, hold)] == ["hold.fixed", "hold.replayed"]
    assert len([p for p in firm.org.rows("pse__Proj__c") if p.get("pse__Opportunity__c")]) == 1


REFUSED = [
    ("billing", "t_and_m", "opportunity.billing: there is no such attribute.",
     "Did you mean billing_model?"),
    ("billing_model", "barter", "opportunity.billing_model: 'barter' cannot be used.",
     "Write another value: How it is billed."),
    ("cap", "a lot", "opportunity.cap: 'a lot' cannot be used.",
     "Write an amount and its currency, such as '120.00 EUR'."),
    ("starts_on", "soon", "opportunity.starts_on: 'soon' cannot be used.",
     "Write another value: First day of work."),
    ("customer", "Nobody Ltd", "opportunity.customer: 'Nobody Ltd' does not name one customer.",
     "Give the customer's canonical id, or its id in one of the systems."),
    ("stage", "closed_lost", "opportunity.stage may not go from closed_won to closed_lost.",
     "From closed_won it may go to: open."),
]  # fmt: skip


async def test_values_that_the_model_refuses_are_not_kept(firm: Firm) -> None:
    hold = await _held_deal(firm, Billing_Model__c=None)
    told: list[tuple[str, str]] = []
    for attribute, value, _, _ in REFUSED:
        with pytest.raises(ActionRefused) as refused:
            await fix(
                firm.app.engine,
                hold,
                {"purchase_order": "7", attribute: value},
                "someone",
                within=None,
            )
        told.append((refused.value.what, refused.value.remedy))
    assert told == [(what, remedy) for _, _, what, remedy in REFUSED]
    assert await _acts(firm, hold) == []
    async with firm.app.database.begin() as tx:
        assert await tx.edits.of_hold(hold.number) == []


async def test_values_of_every_form_are_read(firm: Firm) -> None:
    hold = await _held_deal(firm, Billing_Model__c=None, Purchase_Order__c="PO 1")
    account = firm.org.rows("Account")[0]["Id"]
    await fix(
        firm.app.engine, hold,
        {"cap": "12,500.00 EUR", "starts_on": "2026-07-06", "purchase_order": "",
         "minimum_increment": "15", "customer": account},
        "someone", within=None,
    )  # fmt: skip
    async with firm.app.database.begin() as tx:
        edits = {e.attribute: e.value for e in await tx.edits.of_hold(hold.number)}
        [customer] = await tx.records.list(Customer, name="Harbour Works")
    assert edits == {
        "cap": {"amount": "12500.00", "currency": "EUR"}, "starts_on": "2026-07-06",
        "purchase_order": None, "minimum_increment": 15, "customer": customer.id,
    }  # fmt: skip


async def test_a_corrected_entry_is_rated_again_and_posted(firm: Firm) -> None:
    hold = await _held_entry(firm)
    assert (hold.code, hold.amount, hold.object_kind) == (
        "rate_mismatch", Decimal("1120.00"), "time_entry",
    )  # fmt: skip
    engine = firm.app.engine
    await fix(engine, hold, {"source_rate": "150.00 EUR"}, "finance@firm.example", within=None)
    acted = await replay_hold(engine, hold, "finance@firm.example")
    assert acted.message == "the time entry is in a new batch and is rated again"
    await firm.settle()

    assert await firm.holds() == []
    [bill] = await firm.books.rows("timeBill")
    assert (bill["hours"], bill["rate"]) == ("8", Decimal(150))
    async with firm.app.database.begin() as tx:
        [fact] = await tx.ledger.of_source("time_entry", hold.object_id or "")
    assert (fact.amount, fact.source_version) == (Decimal("1200.00"), 2)
    over = await _again(firm, hold)
    assert (over.resolution, over.resolved_by) == ("replayed", "finance@firm.example")
    late = await replay_hold(engine, hold, "someone")
    assert (late.done, late.message) == (False, "the time entry is posted; nothing to replay")


async def test_an_entry_that_is_replayed_as_it_was_is_held_again(firm: Firm) -> None:
    hold = await _held_entry(firm)
    assert (await replay_hold(firm.app.engine, hold, "someone")).done
    await firm.settle()
    again = await _only_hold(firm)
    assert (again.number > hold.number, again.code) == (True, "rate_mismatch")
    assert await firm.books.rows("timeBill") == []


async def test_a_skip_needs_a_reason_and_keeps_it(firm: Firm) -> None:
    hold = await _held_entry(firm)
    engine = firm.app.engine
    with pytest.raises(ActionRefused, match="A skip needs a reason"):
        await skip(engine, hold, "  ", "someone")
    acted = await skip(engine, hold, "written off with the client", "finance@firm.example")
    assert acted.message == f"{hold.label} is skipped: written off with the client"
    async with firm.app.database.begin() as tx:
        row = (await tx.entries.many([hold.object_id or ""]))[hold.object_id or ""]
    assert row.state == "withdrawn"
    over = await _again(firm, hold)
    assert (over.state, over.resolution) == ("resolved", "skipped: written off with the client")
    assert await _acts(firm, hold) == [
        ("hold.skipped", "finance@firm.example", {"state": "held"}, {"state": "withdrawn"})
    ]


@pytest.mark.slow
async def test_a_skipped_run_is_not_replayed(firm: Firm) -> None:
    hold = await _held_deal(firm, Billing_Model__c=None)
    engine = firm.app.engine
    await skip(engine, hold, "sold by mistake", "pmo@firm.example")
    assert hold.run_id is not None
    async with firm.app.database.begin() as tx:
        run = await tx.runs.get(hold.run_id)
    assert run is not None
    assert run.state == "skipped"
    stale = await replay_hold(engine, hold, "someone")
    assert stale.message == f"{run.label} has skipped already; nothing to replay"
    assert await firm.holds() == []


async def test_a_hold_is_handed_over_and_stays_so_when_it_stops_again(firm: Firm) -> None:
    hold = await _held_deal(firm, Billing_Model__c=None)
    engine = firm.app.engine
    with pytest.raises(ActionRefused, match="No person is named"):
        await assign(engine, hold, "", "someone")
    acted = await assign(engine, hold, "ana@firm.example", "someone")
    assert acted.message == f"{hold.label} is ana@firm.example's"
    assert await _acts(firm, hold) == [
        ("hold.assigned", "someone", {"assigned_to": None}, {"assigned_to": "ana@firm.example"})
    ]
    await replay_hold(engine, hold, "someone")
    await firm.settle()
    assert (await _only_hold(firm)).assigned_to == "ana@firm.example"


UNMAPPED = """
mappings:
  salesforce.opportunity:
    billing_model: {field: Billing_Model__c, values: {Fixed: fixed_fee}}
"""


async def test_a_record_that_could_not_be_read_is_read_again(
    database_url: str, tmp_path: Path
) -> None:
    async with a_firm(database_url, tmp_path, more=UNMAPPED) as firm:
        deal = await a_deal(firm, await an_account(firm))
        await firm.read("salesforce")
        hold = await _only_hold(firm)
        assert (hold.flow, hold.code, hold.object_kind) == ("ingest", "unmapped", "opportunity")
        engine = firm.app.engine
        still = await replay_hold(engine, hold, "someone")
        assert (still.done, still.still_held) == (False, True)
        assert "T&M" in still.message
        assert await _acts(firm, hold) == []

        await firm.org.update("Opportunity", deal, Billing_Model__c="Fixed")
        acted = await replay_hold(engine, hold, "someone")
        assert acted.message == f"opportunity {deal} of salesforce was read again"
        assert await firm.holds() == []
        async with firm.app.database.begin() as tx:
            [read] = await tx.records.list(Opportunity)
        assert read.billing_model == "fixed_fee"
        again = await replay_hold(engine, await _again(firm, hold), "someone")
        assert again.done is False


@pytest.mark.slow
async def test_invoiced_hours_are_frozen_also_for_people(firm: Firm) -> None:
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)
    await log_week(firm, project, await staff(firm, project), "2026-07-06", ["8"])
    await firm.read()
    async with firm.app.database.begin() as tx:
        [id] = await _entry_ids(tx)
        await tx.entries.set_state([id], "invoiced")
        await tx.holds.open(
            NewHold(
                key=f"time_entry:{id}", state=HELD, code="changed_after_invoicing", reason="r",
                owner="finance", fix="f", flow="ingest", object_kind="time_entry", object_id=id,
            )
        )  # fmt: skip
    hold = await _only_hold(firm)
    with pytest.raises(ActionRefused, match="frozen"):
        await fix(firm.app.engine, hold, {"hours": "7"}, "someone", within=None)
    replayed = await replay_hold(firm.app.engine, hold, "someone")
    assert replayed.message == "the time entry is invoiced; nothing to replay"
    await skip(firm.app.engine, hold, "credited in the ledger", "someone")
    async with firm.app.database.begin() as tx:
        assert (await tx.entries.many([id]))[id].state == "invoiced"
        assert len(await tx.ledger.live("time_entry", [id])) == 1


async def test_a_destination_is_not_replayed_but_resumed(firm: Firm) -> None:
    async with firm.app.database.begin() as tx:
        await tx.holds.open(
            NewHold(
                key="destination:bus", state=HELD, code="destination_refuses", reason="r",
                owner="integration", fix="isthmus destination resume bus", flow="relay",
            )
        )  # fmt: skip
    with pytest.raises(ActionRefused) as refused:
        await replay_hold(firm.app.engine, await _only_hold(firm), "someone")
    assert refused.value.remedy == "isthmus destination resume bus"


async def _entry_ids(tx: object) -> list[str]:
    from sqlalchemy import select

    from isthmus.store.database import Transaction
    from isthmus.store.tables import time_entry

    assert isinstance(tx, Transaction)
    return [id for (id,) in await tx.connection.execute(select(time_entry.c.id))]
