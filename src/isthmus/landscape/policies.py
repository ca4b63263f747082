"""Decisions that firms take differently, and when things happen by the clock."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from isthmus.kit.duration import Duration
from isthmus.landscape.firm import Part
from isthmus.landscape.keys import wrong
from isthmus.landscape.milestones import Milestones
from isthmus.rules.amendments import AmendmentOfBilledWork
from isthmus.rules.periods import ClosedPeriodPolicy
from isthmus.rules.rating import DEFAULT_SCOPES, Overlap, Scope
from isthmus.rules.revenue.time_and_materials import CappedTime
from isthmus.rules.time_checks import PsaRatePolicy
from isthmus.rules.transfer_price import TransferMethod

Likeness = Annotated[float, Field(ge=0, le=1)]


class NewCustomer(Part):
    """How alike two customers are (0 to 1) decides whether they are one."""

    match_above: Likeness = Field(
        default=0.97, description="At this likeness and above it is the same customer."
    )
    ask_between: tuple[Likeness, Likeness] = Field(
        default=(0.80, 0.97),
        description="Between these a person is asked; below, a new customer is made.",
    )

    @model_validator(mode="after")
    def _no_hole(self) -> NewCustomer:
        low, high = self.ask_between
        if low > high:
            raise wrong(f"ask_between starts at {low} and ends at {high}", "Exchange the two.")
        if high != self.match_above:
            raise wrong(
                f"ask_between ends at {high} and match_above is {self.match_above}, so there is "
                "no single answer between them",
                "Make them equal.",
            )
        return self


def _order(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    twice = [scope.value for scope, times in Counter(scopes).items() if times > 1]
    if twice:
        raise wrong(
            f"it names {', '.join(twice)} more than once, and the first price found decides",
            "Name each scope once.",
        )
    if Scope.PERSON_RECORD in scopes:
        raise wrong(
            "person_record holds what a person costs, and no price for a client",
            "Remove it, or write person_default for a price per person.",
        )
    return scopes


class TransferPrice(Part):
    """What a company charges another one for hours that its people work for it."""

    from_: str = Field(alias="from", description="Code of the company that employs who worked.")
    to: str = Field(description="Code of the company that has the contract.")
    method: TransferMethod = Field(
        description="By the cost of the hour, with or without a percentage on top, or by what the "
        "client is charged."
    )
    percent: Decimal | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="On top of the cost (`cost_plus`), or of the client's price "
        "(`percent_of_client_rate`).",
    )

    @model_validator(mode="after")
    def _percent_fits(self) -> TransferPrice:
        if self.method is TransferMethod.COST and self.percent is not None:
            raise wrong(
                "the method cost has no percentage", "Remove percent, or write method: cost_plus."
            )
        if self.method is not TransferMethod.COST and self.percent is None:
            raise wrong(f"the method {self.method} needs a percentage", "Add percent, such as 10.")
        over = self.method is TransferMethod.PERCENT_OF_CLIENT_RATE and (self.percent or 0) > 100
        if over:
            raise wrong(
                f"{self.percent} % of the client's price is more than the client pays",
                "Write at most 100.",
            )
        return self


class RecognisedBy(StrEnum):
    """Whose schedules recognise revenue in the ledger."""

    ERP = "erp"
    """The ledger's own; they are read and compared."""
    ISTHMUS = "isthmus"
    """Ours: each month's journal entry is posted. Invoice lines must credit deferred revenue."""


class Revenue(Part):
    recognised_by: RecognisedBy = Field(
        default=RecognisedBy.ERP,
        description="`erp`: the ledger recognises revenue by its own schedules, which are compared "
        "with ours. `isthmus`: the month's journal entries are posted; the ledger's invoice lines "
        "must credit the contract liability then.",
    )
    capped_time: CappedTime = Field(
        default=CappedTime.BY_EFFORT,
        description="Hours under a cap that binds earn a part of the cap by effort, which needs "
        "the expected hours, or their rates until the cap is reached.",
    )


class Policies(Part):
    closed_period: ClosedPeriodPolicy = Field(
        default=ClosedPeriodPolicy.HOLD,
        description="Work dated in a closed period waits for a person, or moves to the first open "
        "period.",
    )
    psa_rate: PsaRatePolicy = Field(
        default=PsaRatePolicy.MUST_AGREE,
        description="A rate that the PSA sends must equal the contract's rate card, or is not "
        "looked at.",
    )
    rate_scopes: Annotated[tuple[Scope, ...], AfterValidator(_order)] = Field(
        default=DEFAULT_SCOPES,
        min_length=1,
        description="Where the rate of an hour is looked for, in this order; the first price for "
        "the day of work decides. A scope that is left out prices nothing. `person_on_assignment` "
        "is left out because PSAs copy the rate card of that day into assignments.",
    )
    rate_overlap: Overlap = Field(
        default=Overlap.REFUSE,
        description="Two prices for the same work on the same day hold it, or the one that starts "
        "later ends the other.",
    )
    amendment_of_billed_work: AmendmentOfBilledWork = Field(
        default=AmendmentOfBilledWork.LEAVE,
        description="A price agreed from a day that has been invoiced already: the invoice stands "
        "and the difference is recorded, or finance is asked, or a credit memo is asked for and "
        "the work billed again.",
    )
    intercompany: tuple[TransferPrice, ...] = Field(
        default=(),
        description="Transfer prices between the firm's companies; hours between two that are not "
        "listed are not charged.",
    )
    new_customer: NewCustomer = Field(
        default=NewCustomer(), description="When a customer counts as one that is already there."
    )
    revenue: Revenue = Field(
        default=Revenue(), description="Who recognises revenue, and how hours under a cap earn."
    )

    milestones: Milestones = Field(
        default=Milestones(), description="Which milestones are billed without a look at them."
    )

    def transfer_price(self, performing: str, contracting: str) -> TransferPrice | None:
        pair = (performing, contracting)
        return next((p for p in self.intercompany if (p.from_, p.to) == pair), None)


class PollDefaults(Part):
    """`poll: 60s` for all objects, or one interval per canonical object."""

    default: Duration | None = Field(default=None, description="Interval of all other objects.")
    objects: dict[str, Duration] = Field(
        default={}, description="Interval per canonical object, such as `time_entry: 5m`."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict | PollDefaults) else {"default": value}


def _day_form(value: Any) -> str | None:
    if value == "last":
        return "last"
    return "number" if isinstance(value, int) and not isinstance(value, bool) else None


BillingDay = Annotated[
    Annotated[int, Field(ge=1, le=28), Tag("number")] | Annotated[Literal["last"], Tag("last")],
    Discriminator(
        _day_form,
        custom_error_type="billing_day",
        custom_error_message="it must be a day from 1 to 28, or `last`",
    ),
]


class Schedules(Part):
    poll: PollDefaults = Field(
        default=PollDefaults(), description="How often connections are asked for changes."
    )
    billing_day: BillingDay | None = Field(
        default=None,
        description="Day on which the workers invoice what is unbilled: 1 to 28, up to the last "
        "day of the month before; `last`, the last day of the month, up to that day. Without it "
        "only `isthmus bill` invoices hours.",
    )
