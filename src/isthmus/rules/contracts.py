"""Terms in force: what a contract with amendments says on a day, and how a deal amends it."""

from collections.abc import Iterable
from datetime import date

from isthmus.canonical import Contract, Opportunity
from isthmus.canonical.contract import AgreedPrice, Amendment, Instalment
from isthmus.canonical.opportunity import BillingModel
from isthmus.kit.money import Money


def ends_on(contract: Contract, day: date) -> date | None:
    """The last billable day as the contract stood on `day`, by the same rule as its cap."""
    ends = [a.ends_on for a in contract.amendments if a.ends_on and a.effective_on <= day]
    return ends[-1] if ends else contract.ends_on


def covers(contract: Contract, day: date) -> bool:
    last = ends_on(contract, day)
    return contract.starts_on <= day and (last is None or day <= last)


def as_amending(opportunity: Opportunity, contract: Contract) -> Opportunity:
    """The deal with the contract's billing model where it has none of its own, so that its lines
    mean the same as those of the deal that it amends.
    """
    if opportunity.billing_model is not None:
        return opportunity
    amending: Opportunity = opportunity.changed(billing_model=contract.billing_model)
    return amending


def amend(contract: Contract, opportunity: Opportunity) -> Contract:
    """The contract with the deal's changes from the deal's first day on: value, cap, end, prices
    of roles, and for a fixed fee the instalments that its lines add.

    A deal amends once, however often it is delivered. Its own cap replaces the old one; without
    one, its amount raises the old cap, also the caps of later days that were raised by amounts:
    two amendments give the same terms in either order of arrival.
    """
    if any(a.opportunity == opportunity.id for a in contract.amendments):
        return contract
    effective_on = opportunity.starts_on or opportunity.close_on
    if effective_on is None:
        raise ValueError(
            f"{opportunity.name}: an amendment needs a first day.\n"
            "Terms change from a day on, and the deal has neither start nor close date.\n"
            "Set the start date of the deal in the CRM."
        )
    amendment = Amendment(
        number=len(contract.amendments) + 1,
        effective_on=effective_on,
        opportunity=opportunity.id,
        value_change=opportunity.amount,
        cap=opportunity.cap,
        ends_on=opportunity.ends_on,
        prices=_prices(opportunity),
        instalments=instalments_of(opportunity) if _is_fixed(contract) else (),
        note=opportunity.name,
    )
    return with_amendment(contract, amendment)


def with_amendment(contract: Contract, amendment: Amendment) -> Contract:
    """In the order of days, whatever the order of arrival."""
    return contract.changed(amendments=_in_order(contract, amendment))  # type: ignore[no-any-return] # `changed` gives its own type


def instalments_of(opportunity: Opportunity) -> tuple[Instalment, ...]:
    return tuple(
        Instalment(description=line.description, amount=line.amount, due_on=line.due_on)
        for line in opportunity.lines
    )


def _is_fixed(contract: Contract) -> bool:
    return contract.billing_model is BillingModel.FIXED_FEE


def _prices(opportunity: Opportunity) -> tuple[AgreedPrice, ...]:
    return tuple(
        AgreedPrice(role=line.role, rate=line.unit_price)
        for line in opportunity.lines
        if line.reprices and line.role
    )


def _in_order(contract: Contract, new: Amendment) -> tuple[Amendment, ...]:
    raised = {a.number for a in _raised_by_amount(contract)}
    if new.cap is None:
        raised.add(new.number)
    ordered = sorted((*contract.amendments, new), key=lambda a: (a.effective_on, a.number))
    return tuple(_with_caps(contract.cap, ordered, raised))


def _raised_by_amount(contract: Contract) -> Iterable[Amendment]:
    cap = contract.cap
    for amendment in contract.amendments:
        if amendment.cap == _raise(cap, amendment.value_change):
            yield amendment
        cap = amendment.cap if amendment.cap is not None else cap


def _with_caps(
    cap: Money | None, amendments: Iterable[Amendment], raised: set[int]
) -> Iterable[Amendment]:
    for amendment in amendments:
        own = _raise(cap, amendment.value_change) if amendment.number in raised else amendment.cap
        yield amendment.model_copy(update={"cap": own})
        cap = own if own is not None else cap


def _raise(cap: Money | None, by: Money | None) -> Money | None:
    return cap + by if cap is not None and by is not None else None
