"""A customer and the records of a system that may be it: found, asked about, and made one."""

from __future__ import annotations

from isthmus.canonical import Customer
from isthmus.connect import Change
from isthmus.engine import Hold, Step
from isthmus.events.links import Link
from isthmus.rules.matching import Ask, CustomerCandidate, Linked, match
from isthmus.store.database import Transaction


async def found_in(step: Step, link: Link, customer: Customer, owner: str) -> Change | None:
    """The system's record of a customer that is not linked there: the one under our key, which a
    restored database has forgotten, or the one that is alike beyond doubt.

    Raises Hold, for `owner`, where a person has to tell whether they are the same.
    """
    changes = await candidates(link, customer)
    ours = [change for change in changes if change.canonical_id == customer.id]
    if ours:
        return ours[0]
    policy = step.landscape.policies.new_customer
    low, high = policy.ask_between
    verdict = match(
        customer, [as_candidate(c) for c in changes], float(policy.match_above),
        (float(low), float(high)),
    )  # fmt: skip
    if isinstance(verdict, Ask):
        raise _ask(link, customer, verdict, owner)
    if isinstance(verdict, Linked):
        return next(c for c in changes if c.external_id == verdict.external_id)
    return None


async def candidates(link: Link, customer: Customer) -> list[Change]:
    """Records of the system with the same tax number or name; each once."""
    found: dict[str, Change] = {}
    for attribute in link.capability(Customer).finds_by:
        value = getattr(customer, attribute, None)
        if value and attribute != "account_number":
            for change in await link.find(Customer, {attribute: value}):
                found[change.external_id] = change
    return list(found.values())


def as_candidate(change: Change) -> CustomerCandidate:
    of = change.attributes
    return CustomerCandidate(
        change.external_id, str(of.get("name") or ""), of.get("country"),
        of.get("tax_registration"), of.get("website"),
    )  # fmt: skip


def _ask(link: Link, customer: Customer, verdict: Ask, owner: str) -> Hold:
    likely = ", ".join(f"{c.name} ({c.external_id}: {why})" for c, _, why in verdict.candidates)
    return Hold(
        f"{customer.name} may exist in {link.name} already: {likely}",
        code="customer_match",
        owner=owner,
        fix="Give both records the same tax number, or make their names differ; then replay.",
        customer=customer.name,
        about=("customer", customer.id),
    )


async def same_customer(step: Step, link: Link, customer: Customer, change: Change) -> str:
    """The id under which both are known from now on. The system's record may have been read
    before as a customer of its own, or may belong to the account of another CRM: then both are one
    customer, and the one stays that more systems know.

    Raises Hold where another system has both.
    """
    async with step.begin() as tx:
        other = await tx.xref.canonical("customer", link.space, change.external_id)
        if other is None or other == customer.id:
            return customer.id
        await _no_twins(tx, link, customer, other)
        return await _merge(tx, step, link, customer, other)


async def _no_twins(tx: Transaction, link: Link, customer: Customer, other: str) -> None:
    """Two records of one system cannot be one customer; a person has to merge them there."""
    ours = {s: e for k, s, e in await tx.xref.all_of(customer.id) if k == "customer"}
    theirs = {s: e for k, s, e in await tx.xref.all_of(other) if k == "customer"}
    for space in sorted(ours.keys() & theirs.keys()):
        twin = await tx.records.get(Customer, other)
        raise Hold(
            f"{customer.name} and {twin.name} are two records of {space} ({ours[space]} and "
            f"{theirs[space]}) and one customer of {link.name}",
            code="customer_twins", owner="pmo",
            fix=f"Correct the tax number of {customer.name} or of {twin.name}, or merge the two "
            f"in {space}; then replay.",
            customer=customer.name, about=("customer", customer.id),
        )  # fmt: skip


async def _merge(tx: Transaction, step: Step, link: Link, customer: Customer, other: str) -> str:
    """The id that stays: ours where only this system knew the other one, else the other's."""
    spaces = {s for k, s, _ in await tx.xref.all_of(other) if k == "customer"}
    stays, goes = (customer.id, other) if spaces == {link.space} else (other, customer.id)
    await tx.xref.merge("customer", goes, stays)
    await tx.records.repoint("customer", goes, stays)
    await tx.records.delete(Customer, goes)
    await step.emit(tx, "customer.merged", stays, {"from": goes})
    return stays
