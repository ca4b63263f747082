"""A contract with its amendments, as a scenario file states them."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.canonical import Contract, Opportunity
from isthmus.canonical.contract import Amendment
from isthmus.rules.contracts import amend
from isthmus.scenario.changes import AmendmentPart


def amended(contract: Contract, parts: Sequence[AmendmentPart]) -> Contract:
    """`parts` in the order in which they were signed.

    An amendment has the whole of the terms from its day on: what it does not state is what was in
    force before.
    """
    stated = {f"{contract.id}, amendment {n}": part for n, part in enumerate(parts, 1)}
    for id, part in stated.items():
        contract = amend(contract, _deal(contract, id, part))
    terms, amendments = contract.terms, list[Amendment]()
    for amendment in contract.amendments:
        part = stated[amendment.opportunity or ""]
        if changed := part.terms():
            terms = terms.model_copy(update=changed)
            amendment = amendment.model_copy(update={"terms": terms})
        amendments.append(amendment)
    return contract.changed(amendments=tuple(amendments))  # type: ignore[no-any-return] # `changed` gives its own type


def _deal(contract: Contract, id: str, part: AmendmentPart) -> Opportunity:
    return Opportunity(
        id=id,
        name=id.removeprefix(f"{contract.id}, "),
        customer=contract.customer,
        starts_on=part.effective,
        amount=part.value_change,
        cap=part.cap,
        ends_on=part.ends,
        amends=contract.opportunity,
    )
