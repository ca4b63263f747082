"""Payment: money received, applied to one or more invoices."""

from datetime import date
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Role, Value, about
from isthmus.kit.money import Money


class Application(Value):
    """An invoice that is not known here, or not yet, is named by its ledger: then `invoice` and
    `ledger_invoice` are the same.
    """

    invoice: Annotated[
        str,
        about("Invoice paid; its id in the ledger where it is not known", Role.ERP, ref="invoice"),
    ]
    amount: Money
    ledger_invoice: Annotated[
        str | None, about("Its id in the ledger that took the money", Role.ERP)
    ] = None


class Payment(CanonicalObject):
    kind: ClassVar[str] = "payment"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("customer", "amount", "received_on")

    customer: Annotated[str, about("Who paid", Role.ERP, ref="customer")]
    amount: Annotated[Money, about("Received", Role.ERP)]
    received_on: Annotated[date, about("Value date", Role.ERP)]
    reference: Annotated[str | None, about("Bank reference", Role.ERP)] = None
    applications: Annotated[tuple[Application, ...], about("What it pays", Role.ERP)] = ()
