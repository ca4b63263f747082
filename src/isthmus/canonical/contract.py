"""Contract: the terms that billing follows, with every amendment kept and effective-dated."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, Value, about
from isthmus.canonical.opportunity import BillingModel
from isthmus.canonical.terms import (
    Cap,
    CostPlusTerms,
    Deposit,
    ExpenseTerms,
    FixedFeeTerms,
    HourBlock,
    HourRetainer,
    MoneyRetainer,
    RecognitionTerms,
    SubscriptionTerms,
    TimeTerms,
)
from isthmus.kit.money import Money


class ContractStatus(StrEnum):
    ACTIVE = "active"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class BillingFrequency(StrEnum):
    MONTHLY = "monthly"
    ON_ACCEPTANCE = "on_acceptance"


class Terms(Value):
    """What `billing_model` and `cap` do not say; absent parts change nothing.

    `caps` stand beside the contract's own `cap`, which blocks.
    """

    time: TimeTerms = TimeTerms()
    caps: tuple[Cap, ...] = ()
    expenses: ExpenseTerms = ExpenseTerms()
    fixed_fee: FixedFeeTerms = FixedFeeTerms()
    hour_retainer: HourRetainer | None = None
    hour_block: HourBlock | None = None
    money_retainer: MoneyRetainer | None = None
    deposit: Deposit | None = None
    subscription: SubscriptionTerms | None = None
    cost_plus: CostPlusTerms | None = None
    recognition: RecognitionTerms | None = None


class Instalment(Value):
    """One line of a fixed-fee billing schedule: due on a day, or when a milestone is accepted."""

    description: str
    amount: Money
    due_on: date | None = None
    milestone: str | None = None
    """Name of the milestone whose acceptance makes it due."""


class AgreedPrice(Value):
    """What an hour of a role costs on this contract, whatever the firm's rate cards say."""

    role: str
    rate: Money


class Amendment(Value):
    """A change of terms from a day on. Absent terms stay as they were."""

    number: int
    effective_on: date
    opportunity: Annotated[str | None, about("Deal it came from", Role.CRM, ref="opportunity")] = (
        None
    )
    value_change: Money | None = None
    cap: Money | None = None
    ends_on: date | None = None
    prices: tuple[AgreedPrice, ...] = ()
    instalments: tuple[Instalment, ...] = ()
    """Added to the schedule of a fixed fee."""
    terms: Terms | None = None
    """The whole of the detailed terms from then on."""
    note: str = ""


class Contract(CanonicalObject):
    kind: ClassVar[str] = "contract"
    system_of_record: ClassVar[Role] = Role.CRM
    identifiers: ClassVar[tuple[str, ...]] = ("customer", "legal_entity", "billing_model")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("active",),
        transitions=(
            Transition("active", "completed", Role.PSA),
            Transition("active", "terminated", Role.CRM),
        ),
    )

    number: Annotated[str, about("Number that people quote", Role.ISTHMUS)]
    customer: Annotated[str, about("Who pays", Role.CRM, ref="customer")]
    opportunity: Annotated[str, about("Deal it came from", Role.CRM, ref="opportunity")]
    project: Annotated[
        str | None, about("Project that delivers it", Role.ISTHMUS, ref="project")
    ] = None
    legal_entity: Annotated[str, about("Code of our contracting company", Role.CRM)]
    billing_model: Annotated[BillingModel, about("How it is billed", Role.CRM)]
    currency: Annotated[str, about("ISO 4217 code of every amount in it", Role.CRM)]
    value: Annotated[Money | None, about("Total sold", Role.CRM)] = None
    cap: Annotated[Money | None, about("Not-to-exceed amount", Role.CRM)] = None
    starts_on: Annotated[date, about("First day that may be billed", Role.CRM)]
    ends_on: Annotated[date | None, about("Last day that may be billed", Role.CRM)] = None
    payment_terms: Annotated[str | None, about("Terms in the contract", Role.CRM)] = None
    purchase_order: Annotated[str | None, about("Client's order number", Role.CRM)] = None
    minimum_increment: Annotated[
        int | None, about("Smallest billed slice of time", Role.CRM, unit="minutes")
    ] = None
    frequency: Annotated[BillingFrequency, about("When invoices are made", Role.ERP)] = (
        BillingFrequency.MONTHLY
    )
    schedule: Annotated[tuple[Instalment, ...], about("Fixed-fee instalments", Role.CRM)] = ()
    amendments: Annotated[tuple[Amendment, ...], about("Changes, oldest first", Role.ISTHMUS)] = ()
    """Of deals that the CRM owns and of terms that a person gives it here."""
    terms: Annotated[Terms, about("How it is billed and earned in detail", Role.ISTHMUS)] = Terms()
    status: Annotated[ContractStatus, about("In force or over", Role.CRM)] = ContractStatus.ACTIVE

    def cap_on(self, day: date) -> Money | None:
        """The cap in force on a day: the latest amendment that sets one, else the first terms."""
        caps = [a.cap for a in self.amendments if a.cap is not None and a.effective_on <= day]
        return caps[-1] if caps else self.cap

    @property
    def instalments(self) -> tuple[Instalment, ...]:
        """The whole schedule of a fixed fee: as first agreed, then what amendments added."""
        return (*self.schedule, *(i for a in self.amendments for i in a.instalments))

    def prices_on(self, day: date) -> dict[str, Money]:
        """Role -> price agreed by amendments in force on a day; of two the later one."""
        in_force = [a for a in self.amendments if a.effective_on <= day]
        return {price.role: price.rate for a in in_force for price in a.prices}

    def terms_on(self, day: date) -> Terms:
        """The detailed terms in force on a day, by the same rule as the cap."""
        changed = [a.terms for a in self.amendments if a.terms and a.effective_on <= day]
        return changed[-1] if changed else self.terms
