"""Payment: money received, applied to one or more invoices."""

from datetime import date
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Role, Value, about
from isthmus.kit.money import Money


class Application(Value):
    invoice: Annotated[str, about("Invoice paid", Role.ERP, ref="invoice")]
    amount: Money


class Payment(CanonicalObject):
    kind: ClassVar[str] = "payment"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("customer", "amount", "received_on")

    customer: Annotated[str, about("Who paid", Role.ERP, ref="customer")]
    amount: Annotated[Money, about("Received", Role.ERP)]
    received_on: Annotated[date, about("Value date", Role.ERP)]
    reference: Annotated[str | None, about("Bank reference", Role.ERP)] = None
    applications: Annotated[tuple[Application, ...], about("What it pays", Role.ERP)] = ()
