"""Billed time on its way: rates of the work date, invoices, what is frozen, credits, periods."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.time import agreement, invoice, shown, usd, worked
from tests.finance.case_file import Inputs
from tests.rules import facts as firm

from isthmus.canonical import AccountingPeriod, RateCard
from isthmus.canonical.dimensions import PeriodState
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import Cap, CapPolicy
from isthmus.kit.money import Money
from isthmus.rules.billing import invoice_lines
from isthmus.rules.fact_ledger import BillingState, FactLedger
from isthmus.rules.facts import Fact, Work, charge_of
from isthmus.rules.periods import ClosedPeriodPolicy, Posting, period_for, posting_day
from isthmus.rules.rating import RateBook, Rated, RateQuery
from isthmus.rules.refusal import Unusable
from isthmus.rules.revenue.foreign import converted
from isthmus.rules.time.pricing import price
from isthmus.rules.time_checks import EntryContext, check_entry

TODAY = date(2026, 3, 31)
STATES = {
    BillingState.UNBILLED: "Unbilled",
    BillingState.PARTLY_BILLED: "Partially Billed",
    BillingState.BILLED: "Billed",
}


def ledger_of(work: Sequence[Work]) -> FactLedger:
    return FactLedger().rerated(price(agreement(), work).facts)


def _invoiced(ledger: FactLedger, number: str, facts: Sequence[Fact]) -> FactLedger:
    return ledger.on_document(number, facts)


@BILLING.case("TM-03")
def billing_and_costing(given: Inputs) -> dict[str, Any]:
    priced = {
        name: price(
            firm.contract(currency=given["currency"]),
            [
                firm.work(
                    "t1", given["hours"], Money.of(given[f"{name}_rate"], given["currency"]),
                    is_billable=given["billable"],
                )
            ],
        )
        for name in ("billing", "costing")
    }  # fmt: skip
    [fact] = priced["billing"].billed
    [line] = invoice_lines([fact], lambda _: "").lines
    ledger = FactLedger().rerated([fact])
    ledger = _invoiced(ledger, "INV-1", ledger.open())
    parts = shown(line)
    del parts["description"]
    return {
        "total_hours": fact.hours,
        "billable_hours": fact.billed_hours,
        "billing_amount": fact.amount,
        "costing_amount": priced["costing"].billed[0].amount,
        "invoice_line": parts,
        "timesheet_status": STATES[ledger.state_of(["t1"])],
    }


@BILLING.case("TM-04")
def in_the_companys_currency(given: Inputs) -> dict[str, Any]:
    work = worked(given["hours"], given["billing_rate"], is_billable=given["billable"])
    [fact] = price(agreement(), [work]).billed
    rate = Decimal(given["exchange_rate"])
    return {
        "billing_amount": fact.amount,
        "base_billing_amount": converted(fact.amount, rate, "INR"),
    }


@BILLING.case("TM-05")
def not_billable(given: Inputs) -> dict[str, Any]:
    work = worked(given["hours"], given["billing_rate"], is_billable=given["billable"])
    priced = price(agreement(), [work])
    return {
        "total_hours": sum(fact.hours for fact in priced.facts),
        "billable_hours": sum(fact.billed_hours for fact in priced.billed),
        "billing_amount": Money.total((fact.amount for fact in priced.facts), "USD"),
        "lines": [shown(n) for n in invoice_lines(priced.facts, lambda _: "").lines],
    }


@BILLING.case("TM-07")
def drafts_and_invoiced_time(given: Inputs) -> dict[str, Any]:
    results, errors = [], set()
    for attempt in given["attempts"]:
        error = _refused(attempt)
        results.append("refused" if error else "invoiced")
        errors |= {error} - {None}
    kinds = {"not_approved": "validation", "fact": "validation"}
    [kind] = {kinds[error] for error in errors}
    return {"results": results, "error_kind": kind}


def _refused(attempt: Inputs) -> str | None:
    """The check, or the ledger, that keeps an entry off an invoice.

    The source submits a time sheet where a PSA approves an entry.
    """
    entry = firm.entry(approval=attempt["entry_status"].replace("submitted", "approved"))
    context = EntryContext(
        firm.project(), contract=firm.contract(), period=firm.month(3), legal_entity="le-DE01",
        cost_centre="cc1", profit_centre="pc1",
    )  # fmt: skip
    if problems := check_entry(entry, context):
        return problems[0].code
    ledger = ledger_of([worked(entry.hours, 1, entry.worked_on)])
    facts = ledger.open()
    if "already_on_invoice" in attempt:
        ledger = _invoiced(ledger, attempt["already_on_invoice"], facts)
    try:
        _invoiced(ledger, "another", facts)
    except Unusable as refused:
        return refused.field
    return None


@BILLING.case("TM-08")
def state_of_a_time_sheet(given: Inputs) -> dict[str, Any]:
    entries = [worked(e["hours"], e["rate"], id=e["id"]) for e in given["entries"]]
    ids = [entry.id for entry in entries]
    ledger, states, amounts = ledger_of(entries), [], []
    for step in given["steps"]:
        ledger = _step(ledger, step)
        states.append(STATES[ledger.state_of(ids)])
        amounts.append(ledger.amount_of(step, "USD"))
    return {"status_after": states, "amounts": amounts}


def _step(ledger: FactLedger, step: str) -> FactLedger:
    """A document has the words of its step as its number."""
    if step == "cancel the credit":
        [credit] = {r.document for r in ledger.rows if r.document and "credit" in r.document}
        return ledger.credited(credit, step)
    if step.startswith("credit invoice of "):
        return ledger.credited(step.removeprefix("credit ").replace(" of", ""), step)
    ours = [f for f in ledger.open() if step == f"invoice {f.work.id}"]
    return _invoiced(ledger, step, ours)


@BILLING.case("TM-10")
def invoiced_as_they_come(given: Inputs) -> dict[str, Any]:
    rate, edit = given["unit_price"], given["edit_after_invoice"]
    batches = [[e for e in given["entries"] if e.get("after_invoice", 0) == n] for n in range(2)]
    ledger, work, invoices = FactLedger(), [], []
    for number, batch in enumerate(batches, start=1):
        work += [worked(e["hours"], rate, id=e["id"]) for e in batch]
        ledger = ledger.rerated(price(agreement(), work, ledger.frozen()).facts)
        facts = ledger.billable(date.min, TODAY)
        lines = invoice_lines(facts, lambda _: "Consulting").lines
        invoices.append(invoice([shown(line) for line in lines]))
        ledger = _invoiced(ledger, f"INV-{number}", facts)
    edited = worked(edit["hours"], rate, id=edit["id"])
    held = price(agreement(), [edited], ledger.frozen()).held
    outcomes = {"invoiced_entry_changed": "refused"}
    states = {BillingState.BILLED: "fully invoiced"}
    return {
        "invoices": invoices,
        "edit_result": outcomes[held[0].problem.code] if held else "taken",
        "line_state_after": states[ledger.state_of(e["id"] for e in given["entries"])],
    }


@BILLING.case("TM-11")
def prepaid_block(given: Inputs) -> dict[str, Any]:
    block, rate = Decimal(given["ordered_hours"]), usd(given["unit_price"])
    order = charge_of("order", rate, TODAY, LineKind.FEE).changed(
        quantity=block, unit=RateUnit.HOUR
    )
    made = invoice_lines([order], lambda _: "Prepaid block")
    cap = Cap(hours=block, policy=CapPolicy.OVERFLOW)
    work = [worked(h, rate.amount, id=f"t{n}") for n, h in enumerate(given["entries"])]
    priced = price(agreement(caps=[cap]), work)
    [usage] = priced.usages
    linked = [fact for facts in made.facts.values() for fact in facts]
    return {
        "invoices": [invoice([shown(line) for line in made.lines])],
        "delivered_hours": sum(fact.hours for fact in priced.facts),
        "over_run_hours": sum(fact.hours for fact in priced.not_charged),
        "status": "upsell_alert" if usage.alert == 100 else "none",
        "entries_linked_to_invoice": sum(f.work.kind is LineKind.TIME for f in linked),
    }


@BILLING.case("TM-12")
def windows_of_work(given: Inputs) -> dict[str, Any]:
    def on(day: int) -> date:
        return TODAY + timedelta(days=day)

    work = [worked(e["hours"], 100, on(e["day"]), e["id"]) for e in given["entries"]]
    ledger, results = ledger_of(work), []
    for first, last in given["windows"]:
        facts = ledger.billable(on(first), on(last))
        try:
            ledger = _invoiced(ledger, f"INV-{len(results)}", facts)
        except Unusable:
            results.append("refused: nothing to invoice")
        else:
            hours = sum(fact.billed_hours for fact in facts)
            results.append({"hours": hours, "entries": [fact.work.id for fact in facts]})
    return {"results": results}


def card(row: Inputs) -> RateCard:
    starts = row.get("valid_from", "2000-01-01")
    return firm.card(f"from {starts}", usd(row["rate"]), starts, row.get("valid_to"))


def rate_on(rows: Sequence[Inputs], day: date) -> Rated:
    query = RateQuery("c1", "p1", "r1", None, "Architect", "USD", day)
    found = RateBook.build([card(row) for row in rows]).resolve(query)
    assert isinstance(found, Rated)
    return found


@BILLING.case("TM-19")
def rate_changes_in_the_period(given: Inputs) -> dict[str, Any]:
    spans = {card(row).id: row for row in given["rates"]}
    work = [
        Work.of(
            firm.entry(id=f"t{n}", worked_on=e["date"], hours=e["hours"]),
            rate_on(given["rates"], date.fromisoformat(e["date"])),
        )
        for n, e in enumerate(given["entries"])
    ]

    def describe(facts: Sequence[Fact]) -> str:
        row = spans[facts[0].work.rate_source]
        word, day = ("to", row["valid_to"]) if "valid_to" in row else ("from", row["valid_from"])
        return f"Consulting {word} {date.fromisoformat(day):%d %b}"

    facts = price(agreement(), work).billed
    return invoice([shown(line) for line in invoice_lines(facts, describe).lines])


@BILLING.case("TM-20")
def late_entry(given: Inputs) -> dict[str, Any]:
    entry = given["entry"]
    day, entered = (date.fromisoformat(entry[k]) for k in ("work_date", "entered_on"))
    work = Work.of(firm.entry(worked_on=day, hours=entry["hours"]), rate_on(given["rates"], day))
    late = " (late)" if entered.month != day.month else ""
    facts = price(agreement(), [work]).billed
    lines = invoice_lines(facts, lambda _: f"Consulting {day:%d %b}{late}").lines
    return invoice([shown(line) for line in lines])


@BILLING.case("TM-42")
def moved_to_another_project(given: Inputs) -> dict[str, Any]:
    billed, move = given["invoice"], given["move"]
    moved = Decimal(move["hours"])
    first = worked(billed["hours"], billed["rate"], id="t1", project=billed["project"])
    ledger = ledger_of([first])
    ledger = _invoiced(ledger, "INV-1", ledger.open())

    stays = worked(first.hours - moved, billed["rate"], id="t1", project=billed["project"])
    there = worked(moved, move["rate_on_B"], id="t2", project=move["to_project"])
    ledger = ledger.credited("INV-1", "CM-1", price(agreement(), [stays]).billed)
    ledger = ledger.rerated(price(agreement(), [stays, there], ledger.frozen()).facts)
    ledger = _invoiced(ledger, "INV-2", ledger.open())
    documents = [
        {
            "kind": kind,
            "project": {row.fact.work.project for row in ledger.rows if row.document == number},
            "amount": ledger.amount_of(number, "USD"),
        }
        for number, kind in (("CM-1", "credit_memo"), ("INV-2", "invoice"))
    ]
    for document in documents:
        [document["project"]] = document["project"]
    return {
        "documents": documents,
        "net": Money.total((document["amount"] for document in documents), "USD"),
    }


def months_of(year: int, closed_to: date) -> list[AccountingPeriod]:
    found = []
    for month in range(1, 13):
        last = date(year, month, monthrange(year, month)[1])
        state = PeriodState.CLOSED if last <= closed_to else PeriodState.OPEN
        found.append(
            AccountingPeriod(
                id=f"{last:%Y-%m}", name=f"{last:%Y-%m}", starts_on=last.replace(day=1),
                ends_on=last, state=state,
            )
        )  # fmt: skip
    return found


@BILLING.case("PC-06")
def late_time_for_a_closed_period(given: Inputs) -> dict[str, Any]:
    day = date.fromisoformat(given["work_date"])
    periods = months_of(day.year, date.fromisoformat(given["closed_to"]))
    posting = posting_day(day, periods, ClosedPeriodPolicy.REDATE)
    worked_in = period_for(day, periods, None)
    assert isinstance(posting, Posting)
    assert worked_in is not None
    work = Work.of(firm.entry(worked_on=day, hours=given["hours"]), rate_on(given["rates"], day))
    [fact] = price(agreement(), [work]).billed
    return {
        "accounting_period": posting.period.name,
        "amount": fact.amount,
        "reference_period": worked_in.name,
    }
