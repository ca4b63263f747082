"""A won deal becomes a customer in the ledger, a project in the PSA and a contract to bill by.

One run per deal: the run id holds the deal's id, so an event that is repeated or replayed finds
the run that already happened. Every object's id is derived from the deal's, so a step that is
repeated after a crash names the same objects again. A run that cannot go on leaves an open hold;
what it made so far is finished by the replay, not undone.
"""

from __future__ import annotations

from dataclasses import replace

from isthmus.canonical import (
    Contract,
    Customer,
    LegalEntity,
    Opportunity,
    Project,
)
from isthmus.engine import Hold, Run, Step, flow
from isthmus.events.links import Link
from isthmus.flows.contract_alignment import write_contract
from isthmus.flows.ledger_customer import ensure_in_ledger
from isthmus.flows.planning import demands_of, made, milestones_of
from isthmus.flows.psa_customer import ensure_in_psa
from isthmus.flows.reading import ancestors, author, corrected, crm_of, entity_of
from isthmus.kit.ids import derived_id
from isthmus.rules.engagement import (
    DealContext,
    check_deal,
    contract_from,
    project_from,
)
from isthmus.rules.problems import fields_of
from isthmus.store.database import Transaction

RETURNED = frozenset({"psa_project", "delivery_status", "delivery_message", "erp_customer_number"})


@flow(on="opportunity.closed_won", owner="pmo", priority=10)
async def opportunity_to_project(run: Run) -> None:
    await run.step(validate_deal)
    await run.step(ensure_customer)
    await run.step(open_contract)
    await run.step(open_project)
    await run.step(set_controls)
    await run.step(plan_billing)
    await run.step(publish_demand)
    await run.step(open_ledger_project)
    await run.step(set_billing_schedule)
    await run.step(tell_delivery_and_finance)
    await run.step(return_identifiers)


async def validate_deal(step: Step) -> None:
    """Read the deal and its accounts again, so that a replay sees what was corrected since."""
    crm = await crm_of(step, step.subject)
    deal = await crm.refresh(Opportunity, step.subject)
    await _refresh_accounts(crm, deal.customer)
    async with step.begin() as tx:
        deal = await corrected(tx, await tx.records.get(Opportunity, step.subject))
        context = await _deal_context(tx, deal)
    context = replace(context, templates=await _templates(step, deal, context))
    problems = check_deal(deal, context)
    if problems:
        raise Hold(
            "; ".join(p.reason for p in problems),
            code=problems[0].code,
            owner=problems[0].owner,
            fix=problems[0].fix,
            blocks=deal.amount,
            customer=context.customer.name if context.customer else None,
            about=("opportunity", deal.id),
            fields=fields_of(problems),
        )


async def _refresh_accounts(crm: Link, customer_id: str) -> None:
    seen: set[str] = set()
    above: str | None = customer_id
    while above is not None and above not in seen:
        seen.add(above)
        above = (await crm.refresh(Customer, above)).parent


async def _deal_context(tx: Transaction, deal: Opportunity) -> DealContext:
    customer = await tx.records.find(Customer, deal.customer)
    if customer is not None:
        customer = await corrected(tx, customer)
    entities = await tx.records.list(LegalEntity)
    return DealContext(
        customer=customer,
        ancestors=await ancestors(tx, customer) if customer else (),
        entity_codes={e.code: e for e in entities},
    )


async def _templates(step: Step, deal: Opportunity, context: DealContext) -> frozenset[str] | None:
    """Asked before anything is written: a wrong name must leave no customer behind. None where
    the deal does not say whose PSA to ask, or that PSA cannot tell.
    """
    if deal.legal_entity not in context.entity_codes:
        return None
    psa = step.links.psa(deal.legal_entity)
    if "is_template" not in psa.capability(Project).finds_by:
        return None
    found = await psa.find(Project, {"is_template": "true"})
    return frozenset(str(change.attributes["name"]) for change in found)


async def _deal(step: Step) -> Opportunity:
    """The deal as corrected; from here on a stop of the run names its client and amount."""
    async with step.begin() as tx:
        deal = await corrected(tx, await tx.records.get(Opportunity, step.subject))
        customer = await tx.records.find(Customer, deal.customer)
    step.at_stake(deal.amount, customer.name if customer else None, ("opportunity", deal.id))
    return deal


async def ensure_customer(step: Step) -> None:
    """The ledger's own customer is linked where one matches; else it is made, parents first.

    Accounts are read again: a replay after a person told two of them apart starts here.
    """
    deal = await _deal(step)
    erp = step.links.erp(deal.legal_entity)
    family = await _family(step, deal)
    async with step.begin() as tx:
        entity = await entity_of(tx, deal.legal_entity)
    for member in family:
        await ensure_in_ledger(step, erp, member, entity)


async def _family(step: Step, deal: Opportunity) -> list[Customer]:
    """The client with the accounts above it, those first, as the CRM has them now."""
    await _refresh_accounts(await crm_of(step, deal.id), deal.customer)
    async with step.begin() as tx:
        customer = await corrected(tx, await tx.records.get(Customer, deal.customer))
        return [*reversed(await ancestors(tx, customer)), customer]


async def open_contract(step: Step) -> str:
    deal = await _deal(step)
    async with step.begin() as tx:
        customer = await tx.records.get(Customer, deal.customer)
        run = await tx.runs.get(step.run.id)
        number = f"C-{run.number:04d}" if run else deal.id
        contract = contract_from(deal, customer, derived_id("contract", deal.id), number)
        if await author(tx, contract):
            await step.emit(tx, "contract.opened", contract.id, {"number": number})
    return contract.id


async def open_project(step: Step) -> str:
    """A PSA that does not know the client is told of the client first, parents before it."""
    deal = await _deal(step)
    psa = step.links.psa(deal.legal_entity)
    if await psa.external_id(Customer, deal.customer) is None:
        for member in await _family(step, deal):
            await ensure_in_psa(step, psa, member)
        deal = await _deal(step)
    async with step.begin() as tx:
        id = derived_id("contract", deal.id)
        await tx.lock(f"contract:{id}")
        contract = await tx.records.get(Contract, id)
        planned = project_from(deal, contract, derived_id("project", deal.id))
        await author(tx, planned)
        await tx.records.save(contract.changed(project=planned.id))
        project = await tx.records.get(Project, planned.id)
    await psa.put(project, step.idempotency_key)
    return project.id


async def set_controls(step: Step) -> None:
    """What is sold, as the project's budget in the PSA, against which delivery is measured."""
    contract = await _contract(step)
    await write_contract(step, step.links.psa(contract.legal_entity), contract)


async def plan_billing(step: Step) -> int:
    """A fixed fee is billed by milestones: one per line of the deal, in the PSA."""
    deal, project = await _deal_and_project(step)
    psa = step.links.psa(deal.legal_entity)
    return await made(step, psa, milestones_of(deal, project))


async def publish_demand(step: Step) -> int:
    deal, project = await _deal_and_project(step)
    psa = step.links.psa(deal.legal_entity)
    return await made(step, psa, demands_of(deal, project))


async def open_ledger_project(step: Step) -> None:
    """The ledger's project carries the company, currency and client that postings need."""
    deal, project = await _deal_and_project(step)
    async with step.begin() as tx:
        entity = await entity_of(tx, deal.legal_entity)
    erp = step.links.erp(deal.legal_entity)
    if erp.capability(Project).writes:
        code = entity.code if entity else project.legal_entity
        await erp.put(project.changed(legal_entity=code), step.idempotency_key)


async def set_billing_schedule(step: Step) -> None:
    """Days and amounts of a fixed fee, where the ledger plans billing."""
    contract = await _contract(step)
    if contract.instalments:
        await write_contract(step, step.links.erp(contract.legal_entity), contract)


async def tell_delivery_and_finance(step: Step) -> None:
    deal, project = await _deal_and_project(step)
    told = {"opportunity": deal.id, "project": project.id, "name": project.name}
    async with step.begin() as tx:
        await step.emit(tx, "project.opened", project.id, told)
        await step.emit(tx, "resource_demand.published", project.id, told)
        await step.emit(tx, "workspace.requested", project.id, told)
        await step.emit(tx, "billing_schedule.review_requested", project.id, told)


async def return_identifiers(step: Step) -> None:
    deal = await _deal(step)
    psa = step.links.psa(deal.legal_entity)
    project_in_psa = await psa.external_id(Project, derived_id("project", deal.id))
    crm = await crm_of(step, deal.id)
    async with step.begin() as tx:
        customer = await tx.records.get(Customer, deal.customer)
        raw = await tx.records.get(Opportunity, deal.id)
        returned = raw.changed(
            psa_project=project_in_psa,
            delivery_status="project opened",
            delivery_message=None,
            erp_customer_number=customer.account_number,
        )
        await tx.records.save(returned)
    await crm.put(returned, step.idempotency_key, only=RETURNED)


async def _deal_and_project(step: Step) -> tuple[Opportunity, Project]:
    deal = await _deal(step)
    async with step.begin() as tx:
        return deal, await tx.records.get(Project, derived_id("project", deal.id))


async def _contract(step: Step) -> Contract:
    deal = await _deal(step)
    async with step.begin() as tx:
        return await tx.records.get(Contract, derived_id("contract", deal.id))
