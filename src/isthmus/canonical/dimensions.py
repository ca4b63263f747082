"""Financial dimensions: what the ledger sorts every amount by. The ERP owns all of them."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about


class LegalEntity(CanonicalObject):
    """One of our companies (NetSuite subsidiary, SAP company code, Tryton company)."""

    kind: ClassVar[str] = "legal_entity"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("code", "country", "currency")
    natural_key: ClassVar[tuple[str, ...]] = ("code",)

    code: Annotated[str, about("Code that contracts quote", Role.ERP)]
    name: Annotated[str | None, about("Registered name", Role.ERP)] = None
    country: Annotated[str | None, about("ISO 3166-1 alpha-2", Role.ERP)] = None
    currency: Annotated[str | None, about("Functional currency, ISO 4217", Role.ERP)] = None


class CostCentre(CanonicalObject):
    kind: ClassVar[str] = "cost_centre"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("code",)
    natural_key: ClassVar[tuple[str, ...]] = ("code",)

    code: Annotated[str, about("Code in the ledger", Role.ERP)]
    name: Annotated[str | None, about("Name", Role.ERP)] = None


class ProfitCentre(CanonicalObject):
    kind: ClassVar[str] = "profit_centre"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("code",)
    natural_key: ClassVar[tuple[str, ...]] = ("code",)

    code: Annotated[str, about("Code in the ledger", Role.ERP)]
    name: Annotated[str | None, about("Name", Role.ERP)] = None


class PeriodState(StrEnum):
    OPEN = "open"
    LOCKED = "locked"
    CLOSED = "closed"


class AccountingPeriod(CanonicalObject):
    """A span of days that the ledger opens and closes for receivables as a whole."""

    kind: ClassVar[str] = "accounting_period"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("name", "starts_on", "ends_on")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "state",
        initial=("open", "locked", "closed"),
        transitions=(
            Transition("open", "locked", Role.ERP),
            Transition("locked", "open", Role.ERP),
            Transition("locked", "closed", Role.ERP),
            Transition("open", "closed", Role.ERP),
            Transition("closed", "open", Role.ERP),
            Transition("closed", "locked", Role.ERP),
        ),
    )

    name: Annotated[str, about("Name in the ledger", Role.ERP)]
    legal_entity: Annotated[
        str | None,
        about("Company it belongs to; absent: all", Role.ERP, ref="legal_entity"),
    ] = None
    starts_on: Annotated[date, about("First day", Role.ERP)]
    ends_on: Annotated[date, about("Last day", Role.ERP)]
    state: Annotated[PeriodState, about("Whether receivables may post", Role.ERP)] = (
        PeriodState.OPEN
    )


class TaxKind(StrEnum):
    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"


class TaxCode(CanonicalObject):
    kind: ClassVar[str] = "tax_code"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("code", "country", "rate")

    code: Annotated[str, about("Code in the ledger", Role.ERP)]
    country: Annotated[str, about("ISO 3166-1 alpha-2", Role.ERP)]
    rate: Annotated[Decimal, about("Rate", Role.ERP, unit="fraction of the net amount")]
    tax_kind: Annotated[TaxKind, about("How it is charged", Role.ERP)] = TaxKind.STANDARD
    effective_from: Annotated[date | None, about("First day it applies", Role.ERP)] = None
    effective_to: Annotated[date | None, about("Last day it applies", Role.ERP)] = None


class Currency(CanonicalObject):
    kind: ClassVar[str] = "currency"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("code",)
    natural_key: ClassVar[tuple[str, ...]] = ("code",)

    code: Annotated[str, about("ISO 4217", Role.ERP)]
    minor_units: Annotated[int, about("Digits after the point", Role.ERP)] = 2


class ExchangeRate(CanonicalObject):
    kind: ClassVar[str] = "exchange_rate"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("source", "target", "rated_on")

    source: Annotated[str, about("Currency converted from, ISO 4217", Role.ERP)]
    target: Annotated[str, about("Currency converted to, ISO 4217", Role.ERP)]
    rated_on: Annotated[date, about("Day the rate applies", Role.ERP)]
    rate: Annotated[Decimal, about("Target units for one source unit", Role.ERP)]
