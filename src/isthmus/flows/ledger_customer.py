"""The customer in the ledger: linked where the ledger has it already, made where it does not."""

from __future__ import annotations

from isthmus.canonical import Customer, LegalEntity
from isthmus.connect import Change
from isthmus.engine import Hold, Step
from isthmus.events.links import Link
from isthmus.rules.matching import Ask, CustomerCandidate, Linked, match
from isthmus.store.database import Transaction


async def ensure_in_ledger(
    step: Step, erp: Link, customer: Customer, entity: LegalEntity | None
) -> None:
    if await erp.external_id(Customer, customer.id) is not None:
        return
    changes = await ledger_candidates(erp, customer)
    ours = [change for change in changes if change.canonical_id == customer.id]
    if ours:
        await _link(step, erp, customer, ours[0])
        return
    policy = step.landscape.policies.new_customer
    low, high = policy.ask_between
    verdict = match(
        customer, [as_candidate(c) for c in changes], float(policy.match_above),
        (float(low), float(high)),
    )  # fmt: skip
    if isinstance(verdict, Ask):
        raise _ask(erp, customer, verdict)
    if isinstance(verdict, Linked):
        chosen = next(c for c in changes if c.external_id == verdict.external_id)
        await _link(step, erp, customer, chosen)
        return
    billed_by = await _company(erp, customer, entity)
    await erp.put(customer.changed(legal_entity=billed_by), step.idempotency_key)


async def _company(erp: Link, customer: Customer, entity: LegalEntity | None) -> str | None:
    """Who bills the customer first in this ledger: a company that another one keeps says nothing
    here.
    """
    known = customer.legal_entity
    if entity is None or (known and await erp.external_id(LegalEntity, known)):
        return known
    return entity.id


async def ledger_candidates(erp: Link, customer: Customer) -> list[Change]:
    """Records of the ledger with the same tax number or name; each once."""
    found: dict[str, Change] = {}
    for attribute in erp.capability(Customer).finds_by:
        value = getattr(customer, attribute, None)
        if value and attribute != "account_number":
            for change in await erp.find(Customer, {attribute: value}):
                found[change.external_id] = change
    return list(found.values())


def as_candidate(change: Change) -> CustomerCandidate:
    of = change.attributes
    return CustomerCandidate(
        change.external_id, str(of.get("name") or ""), of.get("country"),
        of.get("tax_registration"), of.get("website"),
    )  # fmt: skip


def _ask(erp: Link, customer: Customer, verdict: Ask) -> Hold:
    likely = ", ".join(f"{c.name} ({c.external_id}: {why})" for c, _, why in verdict.candidates)
    return Hold(
        f"{customer.name} may exist in {erp.name} already: {likely}",
        code="customer_match",
        owner="finance",
        fix="Give both records the same tax number, or make their names differ; then replay.",
        customer=customer.name,
        about=("customer", customer.id),
    )


async def _link(step: Step, erp: Link, customer: Customer, change: Change) -> None:
    """The ledger's record may have been read before as a customer of its own, or may belong to
    the account of another CRM: then both are one customer, and the ledger's one stays.
    """
    stays = customer.id
    async with step.begin() as tx:
        other = await tx.xref.canonical("customer", erp.space, change.external_id)
        if other is not None and other != customer.id:
            await _no_twins(tx, customer, other)
            stays = await _merge(tx, step, erp, customer, other)
    await erp.adopt(Customer, stays, change)


async def _no_twins(tx: Transaction, customer: Customer, other: str) -> None:
    """Two records of one system cannot be one customer; a person has to merge them there."""
    ours = {s: e for k, s, e in await tx.xref.all_of(customer.id) if k == "customer"}
    theirs = {s: e for k, s, e in await tx.xref.all_of(other) if k == "customer"}
    for space in sorted(ours.keys() & theirs.keys()):
        twin = await tx.records.get(Customer, other)
        raise Hold(
            f"{customer.name} and {twin.name} are two records of {space} ({ours[space]} and "
            f"{theirs[space]}) and one customer of the ledger",
            code="customer_twins", owner="pmo",
            fix=f"Correct the tax number of {customer.name} or of {twin.name}, or merge the two "
            f"in {space}; then replay.",
            customer=customer.name, about=("customer", customer.id),
        )  # fmt: skip


async def _merge(tx: Transaction, step: Step, erp: Link, customer: Customer, other: str) -> str:
    """The id that stays: ours where only the ledger knew the other one, else the other's."""
    spaces = {s for k, s, _ in await tx.xref.all_of(other) if k == "customer"}
    stays, goes = (customer.id, other) if spaces == {erp.space} else (other, customer.id)
    await tx.xref.merge("customer", goes, stays)
    await tx.records.repoint("customer", goes, stays)
    await tx.records.delete(Customer, goes)
    await step.emit(tx, "customer.merged", stays, {"from": goes})
    return stays
