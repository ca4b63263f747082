"""A JournalEntry as the values of a new `account.move`.

Debit and credit are in the company's currency there; an entry in another currency carries its own
amounts beside them, converted at the rate that Tryton has for the day.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from isthmus.canonical.journal_entry import JournalEntry, JournalLine
from isthmus.connect.errors import FieldProblem, Invalid
from isthmus.connectors.tryton import wire
from isthmus.connectors.tryton.catalogue import Catalogue
from isthmus.connectors.tryton.client import TrytonClient
from isthmus.connectors.tryton.party import KEY
from isthmus.connectors.tryton.wire import Record
from isthmus.kit.money import minor_units

MOVE = "account.move"


async def move_values(catalogue: Catalogue, entry: JournalEntry, period: int) -> Record:
    """Raises Invalid, writes nothing."""
    company = catalogue.client.record_id(entry.legal_entity, "legal entity")
    lines = [await _line(catalogue, line, company) for line in entry.lines]
    base = await _base_currency(catalogue.client, company)
    amounts = [line.amount.amount for line in entry.lines]
    if entry.currency != base:
        amounts = await _converted(catalogue.client, entry, base)
        number = await catalogue.currency(entry.currency)
        for line, source in zip(lines, entry.lines, strict=True):
            line |= {"second_currency": number, "amount_second_currency": source.amount.amount}
    for line, amount in zip(lines, amounts, strict=True):
        sides = {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))}
        line |= sides
        for analytic in line.pop("analytic", ()):
            part = {"account": analytic, "date": entry.posted_on, **sides}
            line["analytic_lines"] = wire.lines([part])
    return {
        "company": company,
        "period": period,
        "journal": await catalogue.journal(),
        "date": entry.posted_on,
        "description": described(entry),
        "lines": wire.lines(lines),
    }


def described(entry: JournalEntry) -> str:
    """Nothing on a move is unique or kept for others, so our key ends its description."""
    words = f"{entry.reference}: {entry.memo}" if entry.memo else entry.reference
    return f"{words} [{KEY}{entry.id}]"


async def _line(catalogue: Catalogue, line: JournalLine, company: int) -> Record:
    """`analytic` are the cost centres of the line, to be given its sides."""
    account = await catalogue.account(line.account, company)
    [held] = await catalogue.client.search_read(
        "account.account", [["id", "=", account]], ["party_required", "type.statement"]
    )
    values: Record = {"account": account}
    if held["party_required"]:
        values["party"] = await _party(catalogue.client, line)
    if line.cost_centre and held["type"] and held["type"]["statement"] == "income":
        values["analytic"] = await _analytic(catalogue.client, line.cost_centre, company)
    return values


async def _party(client: TrytonClient, line: JournalLine) -> int:
    if line.counterparty is None:
        problem = FieldProblem(
            "account.move.line", "party", line.account.value,
            "its account asks for a party, and the line names no other company",
            "Name an account that asks for no party, or clear Party Required on it.",
        )  # fmt: skip
        raise Invalid(client.system, "a line has no party", fields=(problem,))
    number = client.record_id(line.counterparty, "legal entity")
    [company] = await client.search_read("company.company", [["id", "=", number]], ["party.name"])
    return int(company["party"]["id"])


async def _analytic(client: TrytonClient, cost_centre: str, company: int) -> list[int]:
    """Analytic accounts belong to a company; one of a sister company has no place here."""
    number = client.record_id(cost_centre, "cost centre")
    found = await client.search_read(
        "analytic_account.account", [["id", "=", number], ["company", "=", company]], ["id"]
    )
    return [int(record["id"]) for record in found]


async def _base_currency(client: TrytonClient, company: int) -> str:
    [found] = await client.search_read("company.company", [["id", "=", company]], ["currency.code"])
    return str(found["currency"]["code"])


async def _converted(client: TrytonClient, entry: JournalEntry, base: str) -> list[Decimal]:
    """Each line on its own; what rounding leaves over goes to the largest."""
    factor = await _rate(client, entry, base) / await _rate(client, entry, entry.currency)
    step = Decimal(1).scaleb(-minor_units(base))
    amounts = [(n.amount.amount * factor).quantize(step, ROUND_HALF_UP) for n in entry.lines]
    largest = max(range(len(amounts)), key=lambda place: abs(amounts[place]))
    amounts[largest] -= sum(amounts, Decimal(0))
    return amounts


async def _rate(client: TrytonClient, entry: JournalEntry, currency: str) -> Decimal:
    found = await client.call(
        "currency.currency.rate", "search_read",
        [["currency.code", "=", currency], ["date", "<=", entry.posted_on]],
        0, 1, [["date", "DESC"]], ["rate"],
    )  # fmt: skip
    if not found:
        problem = FieldProblem(
            MOVE, "currency", currency, f"Tryton has no rate for it on {entry.posted_on}",
            "Add the rate in Tryton, then replay.",
        )  # fmt: skip
        raise Invalid(client.system, f"journal entry {entry.reference}", fields=(problem,))
    rate: Decimal = found[0]["rate"]
    return rate
