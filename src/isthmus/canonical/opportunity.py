"""Opportunity: a deal. Once won it carries everything that a project and a contract start from."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, Value, about
from isthmus.kit.money import Money


class Stage(StrEnum):
    OPEN = "open"
    CLOSED_WON = "closed_won"
    CLOSED_LOST = "closed_lost"


class BillingModel(StrEnum):
    """How the work is billed. A model that the rules cannot bill is refused at the deal."""

    T_AND_M = "t_and_m"
    FIXED_FEE = "fixed_fee"
    RETAINER = "retainer"
    SUBSCRIPTION = "subscription"
    COST_PLUS = "cost_plus"


class OpportunityLine(Value):
    """A sold line: hours of a role (time and materials) or an amount due (fixed fee)."""

    description: str
    role: str | None = None
    quantity: Decimal
    unit_price: Money
    due_on: date | None = None
    reprices: bool = False
    """On a deal that amends: the price is the role's on the whole contract from the deal's first
    day on. Hours that the line sells come on top; none are needed."""

    @property
    def amount(self) -> Money:
        return self.unit_price.times(self.quantity).rounded()


class Opportunity(CanonicalObject):
    kind: ClassVar[str] = "opportunity"
    system_of_record: ClassVar[Role] = Role.CRM
    identifiers: ClassVar[tuple[str, ...]] = ("name", "customer")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "stage",
        initial=("open", "closed_won", "closed_lost"),
        transitions=(
            Transition("open", "closed_won", Role.CRM),
            Transition("open", "closed_lost", Role.CRM),
            Transition("closed_lost", "open", Role.CRM),
            Transition("closed_won", "open", Role.CRM),
        ),
    )

    name: Annotated[str, about("What was sold", Role.CRM)]
    customer: Annotated[str, about("Who buys", Role.CRM, ref="customer")]
    stage: Annotated[Stage, about("Open, won or lost", Role.CRM)] = Stage.OPEN
    amount: Annotated[Money | None, about("Value of the deal", Role.CRM, unit="deal currency")] = (
        None
    )
    close_on: Annotated[date | None, about("Day the deal closes or closed", Role.CRM)] = None
    billing_model: Annotated[BillingModel | None, about("How it is billed", Role.CRM)] = None
    legal_entity: Annotated[str | None, about("Code of our contracting company", Role.CRM)] = None
    project_template: Annotated[str | None, about("Name of the delivery template", Role.CRM)] = None
    starts_on: Annotated[date | None, about("First day of work", Role.CRM)] = None
    ends_on: Annotated[date | None, about("Last day of work", Role.CRM)] = None
    payment_terms: Annotated[str | None, about("Terms in the contract", Role.CRM)] = None
    purchase_order: Annotated[str | None, about("Client's order number", Role.CRM)] = None
    cap: Annotated[Money | None, about("Not-to-exceed amount", Role.CRM)] = None
    minimum_increment: Annotated[
        int | None, about("Smallest billed slice of time", Role.CRM, unit="minutes")
    ] = None
    amends: Annotated[
        str | None,
        about("Won deal that this one changes", Role.CRM, ref="opportunity"),
    ] = None
    lines: Annotated[tuple[OpportunityLine, ...], about("What was sold, in lines", Role.CRM)] = ()
    psa_project: Annotated[str | None, about("Id of its project in the PSA", Role.ISTHMUS)] = None
    delivery_status: Annotated[
        str | None, about("Where the hand-over to delivery stands", Role.ISTHMUS)
    ] = None
    delivery_message: Annotated[
        str | None, about("What a person has to do, if anything", Role.ISTHMUS)
    ] = None
    erp_customer_number: Annotated[
        str | None, about("Customer's number in the ledger", Role.ISTHMUS)
    ] = None
