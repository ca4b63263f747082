"""The thirty deals that Example Advisory wins in its quarter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.demo.clients import WRONG_NUMBER, Client

HOURLY, FIXED = "T&M", "Fixed"
QUARTER = date(2026, 7, 1), date(2026, 9, 30)
YEAR_END = date(2026, 12, 31)
FIRST_WAVE, SECOND_WAVE = "july", "august"
TERMS = "Net 30"
HOURLY_TEMPLATE, FIXED_TEMPLATE = "Advisory by the hour", "Fixed-fee delivery"


@dataclass(frozen=True)
class Line:
    description: str
    quantity: Decimal
    price: Decimal
    role: str | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class Deal:
    """`model` and `template` are None on the deal that was closed in a hurry."""

    name: str
    client: str
    entity: str
    currency: str
    model: str | None
    template: str | None
    wave: str
    starts_on: date
    ends_on: date
    lines: tuple[Line, ...] = ()
    cap: Decimal | None = None
    increment: int | None = None
    amends: str | None = None
    purchase_order: str | None = None
    is_defective: bool = False

    @property
    def amount(self) -> Decimal:
        return sum((n.quantity * n.price for n in self.lines), Decimal(0))


@dataclass(frozen=True)
class Sale:
    """A deal before it is staffed and priced."""

    client: str
    topic: str
    model: str
    wave: str = FIRST_WAVE
    cap: str = ""
    increment: int | None = None


SALES = (
    Sale("Lantern Dredging Harbours B.V.", "Harbour redesign", HOURLY, cap="tight"),
    Sale("Lantern Dredging Harbours B.V.", "Planning desk", HOURLY, wave=SECOND_WAVE),
    Sale("Lantern Dredging Wind GmbH", "Asset register", HOURLY, increment=30),
    Sale("Quillstone Werke GmbH", "Group reporting", HOURLY, increment=15),
    Sale("Quillstone Optik GmbH", "Order to cash", HOURLY),
    Sale("Quillstone Glas N.V.", "Furnace telemetry", HOURLY),
    Sale("Bluefinch Apotheken B.V.", "Stock control", HOURLY),
    Sale("Saltmarsh Marine SAS", "Fleet maintenance", HOURLY, cap="wide"),
    Sale("Ballyquill Dairy DAC", "Recipe management", HOURLY),
    Sale("Marrowfield Foods Ltd", "Supplier portal", HOURLY),
    Sale("Marrowfield Cold Store Ltd", "Cold chain", HOURLY, increment=30),
    Sale("Pennybridge Water Ltd", "Meter readings", HOURLY, wave=SECOND_WAVE),
    Sale("Tumblewick Rail Inc.", "Timetable engine", HOURLY),
    Sale("Tumblewick Paper Inc.", "Mill scheduling", HOURLY),
    Sale("Larkspur Medical Devices Inc.", "Complaint handling", HOURLY),
    Sale("Ironquay Logistics Inc.", "Yard management", HOURLY, increment=15),
    Sale("Sandhollow Solar Inc.", "Field service", HOURLY),
    Sale("Brightwhistle Software Inc.", "Subscription billing", HOURLY, wave=SECOND_WAVE),
    Sale("Fernhollow Schools Inc.", "Enrolment", HOURLY),
    Sale("Copperleaf Verzekeringen B.V.", "Claims intake", FIXED),
    Sale("Vermillon Transports SAS", "Route planner", FIXED),
    Sale("Oostgaarde Chemie N.V.", "Batch records", FIXED),
    Sale("Bluefinch Apotheken B.V.", "Recall drill", FIXED),
    Sale("Pennybridge Water Ltd", "Leak dashboard", FIXED),
    Sale("Larkspur Medical Devices Inc.", "Audit trail", FIXED),
    Sale("Ironquay Logistics Inc.", "Carrier labels", FIXED),
    Sale("Fernhollow Schools Inc.", "Parent portal", FIXED),
)
AMENDED = "Lantern Dredging Harbours B.V.: Harbour redesign"
INSTALMENTS = ((date(2026, 7, 24), "40"), (date(2026, 8, 21), "35"), (date(2026, 9, 18), "25"))
AMENDED_FROM = date(2026, 8, 17)


def name_of(sale: Sale) -> str:
    return f"{sale.client}: {sale.topic}"


def starts_on(sale: Sale) -> date:
    return QUARTER[0] if sale.wave == FIRST_WAVE else date(2026, 8, 3)


def fixed_lines(dice: random.Random) -> tuple[Line, ...]:
    fee = Decimal(dice.randrange(24, 90)) * 1000
    return tuple(
        Line(f"Instalment {n}", Decimal(1), fee * int(share) / 100, due_on=day)
        for n, (day, share) in enumerate(INSTALMENTS, 1)
    )


def sold(
    sale: Sale, client: Client, number: int, lines: tuple[Line, ...], cap: Decimal | None
) -> Deal:
    hourly = sale.model == HOURLY
    return Deal(
        name=name_of(sale), client=client.name, entity=client.entity, currency=client.currency,
        model=sale.model, template=HOURLY_TEMPLATE if hourly else FIXED_TEMPLATE,
        wave=sale.wave, starts_on=starts_on(sale), ends_on=YEAR_END, lines=lines,
        cap=cap, increment=sale.increment, purchase_order=f"PO-{4100 + number}",
    )  # fmt: skip


def waiting_deals(clients: Sequence[Client]) -> list[Deal]:
    """Two that a person must look at: a mistyped VAT number, and a form left half empty."""
    by_name = {c.name: c for c in clients}
    hours = Line("Senior Consultant", Decimal(120), Decimal("150.00"), role="Senior Consultant")
    fee = Line("Fee", Decimal(1), Decimal(18000), due_on=date(2026, 9, 18))
    wrong = by_name[WRONG_NUMBER]
    hasty = by_name["Saltmarsh Marine SAS"]
    return [
        Deal(
            f"{wrong.name}: Grid forecast", wrong.name, wrong.entity, wrong.currency, HOURLY,
            HOURLY_TEMPLATE, FIRST_WAVE, QUARTER[0], YEAR_END, (hours,), is_defective=True,
        ),
        Deal(
            f"{hasty.name}: Dry dock survey", hasty.name, hasty.entity, hasty.currency, None,
            None, SECOND_WAVE, date(2026, 8, 3), YEAR_END, (fee,), is_defective=True,
        ),
    ]  # fmt: skip


def amendment(first: Deal) -> Deal:
    """The client agrees to as much again, from the middle of August on."""
    assert first.cap is not None
    raised = 2 * first.cap
    more = Line("Further hours", Decimal(1), raised - first.cap, role="Senior Consultant")
    return Deal(
        f"{first.name}, amendment 1", first.client, first.entity, first.currency, HOURLY, None,
        "september", AMENDED_FROM, date(2027, 3, 31), (more,), cap=raised, amends=first.name,
    )  # fmt: skip
