"""One project for several customers: each pays a percent of every charge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from isthmus.canonical.terms import PayerShare
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.problems import Problem
from isthmus.rules.rounding import percent_of

WHOLE = Decimal(100)


def check_payers(payers: Sequence[PayerShare]) -> Problem | None:
    """Percents are positive and total 100; of several payers exactly one takes the rounding
    (Dynamics 365: split billing needs a rounding customer). Nobody pays twice.
    """
    percents = sum((payer.percent for payer in payers), Decimal(0))
    names = [payer.customer for payer in payers]
    rounding = [payer.customer for payer in payers if payer.takes_rounding]
    if percents != WHOLE or any(payer.percent <= 0 for payer in payers):
        return _problem(f"the shares of {', '.join(names) or 'nobody'} total {percents} %")
    if len(set(names)) < len(names):
        return _problem(f"a customer is named twice: {', '.join(names)}")
    if len(payers) > 1 and len(rounding) != 1:
        return _problem(f"{len(rounding)} customers of {len(payers)} take the rounding")
    return None


def bill_payers(
    charges: Iterable[tuple[Charge, Sequence[PayerShare]]],
) -> dict[str, tuple[Charge, ...]] | Problem:
    """Charges by customer. Each charge has its own shares, because those of a line beat those of
    the contract.
    """
    found: dict[str, tuple[Charge, ...]] = {}
    for charge, payers in charges:
        problem = check_payers(payers)
        if problem is not None:
            return problem
        for customer, part in _parts(charge, payers).items():
            found[customer] = (*found.get(customer, ()), part)
    return found


def _parts(charge: Charge, payers: Sequence[PayerShare]) -> dict[str, Charge]:
    if len(payers) == 1:
        return {payers[0].customer: charge}
    others = {
        p.customer: percent_of(charge.amount, p.percent) for p in payers if not p.takes_rounding
    }
    rest = charge.amount - Money.total(others.values(), charge.amount.currency)
    return {p.customer: _part(charge, p, others.get(p.customer, rest)) for p in payers}


def _part(charge: Charge, payer: PayerShare, amount: Money) -> Charge:
    rest = ", with the rounding" if payer.takes_rounding else ""
    why = f"{payer.percent} % of {charge.amount}{rest}: {charge.why}"
    return lump(charge.description, amount, why, charge.kind)


def _problem(reason: str) -> Problem:
    return Problem(
        "payers_do_not_split",
        reason,
        "finance",
        "Give shares above zero that total 100 and name one customer for the rounding.",
        "payers",
    )
