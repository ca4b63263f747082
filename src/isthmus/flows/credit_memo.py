"""A credit of a posted invoice: a memo in the ledger, applied to it, and what it credited released.

One run per request, one at a time per invoice. The memo is drafted on our side first and posted
under its own id, so a repeat after a lost answer finds the memo that exists.
"""

from __future__ import annotations

from isthmus.canonical import CreditMemo, Customer, Invoice, LegalEntity
from isthmus.engine import Hold, Run, Step, flow
from isthmus.flows.credit_marks import take_back_marks
from isthmus.flows.credit_release import read_again, release_credited
from isthmus.flows.credit_request import CreditRequest, memos_of, planned
from isthmus.flows.posted_document import check_posted, drafted_by
from isthmus.flows.posting import posting_for
from isthmus.kit.ids import derived_id
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction


@flow(on="credit.requested", key=lambda event: event.id, owner="finance", priority=15)
async def credit_memo(run: Run) -> None:
    memo = await run.step(draft_credit)
    await run.step(post_credit, memo)
    await run.step(release_credited, memo)
    await run.step(read_again, memo)
    await run.step(take_back_marks, memo)


async def draft_credit(step: Step) -> str:
    """The id is derived from the invoice and the number of its memos: where a restored database
    asks again for what it has forgotten, the ledger is found to have it.
    """
    async with step.begin() as tx:
        told = await tx.events.of(
            type="credit_memo.drafted", correlation_id=step.event.correlation_id
        )
        if drafted := drafted_by(step.event, told):
            return drafted
        memo = await _drafted(tx, step)
        await tx.records.save(memo)
        data = {"invoice": memo.invoice, "total": str(memo.lines_total())}
        await step.emit(tx, "credit_memo.drafted", memo.id, data)
    return memo.id


async def _drafted(tx: Transaction, step: Step) -> CreditMemo:
    invoice = await tx.records.get(Invoice, step.subject)
    request = CreditRequest.of(step.event.data, invoice.currency)
    found = await planned(tx, invoice, request)
    if isinstance(found, Problem):
        raise Hold(
            found.reason, code=found.code, owner=found.owner, fix=found.fix,
            about=("invoice", invoice.id),
        )  # fmt: skip
    entity = await tx.records.get(LegalEntity, invoice.legal_entity)
    posting = await posting_for(tx, step.links, step.landscape.policies, entity, request.on)
    number = sum(bool(memo.lines) for memo in await memos_of(tx, invoice.id)) + 1
    return CreditMemo(
        id=derived_id("credit_memo", invoice.id, str(number)),
        reference=f"{invoice.reference}-C{number}",
        invoice=invoice.id,
        customer=invoice.customer,
        legal_entity=invoice.legal_entity,
        opportunity=invoice.opportunity,
        currency=invoice.currency,
        issued_on=posting.day,
        period=posting.period.id,
        reason=request.reason,
        rebill=request.rebill,
        lines=found,
    )


async def post_credit(step: Step, id: str) -> str | None:
    """Post and apply, compare what the ledger made of it, and read the invoice again."""
    async with step.begin() as tx:
        memo = await tx.records.get(CreditMemo, id)
        entity = await tx.records.get(LegalEntity, memo.legal_entity)
        customer = await tx.records.get(Customer, memo.customer)
    step.at_stake(None, customer.name, ("credit_memo", id))
    erp = step.links.erp(entity.code)
    posted = await erp.put(memo, step.idempotency_key)
    check_posted(
        "credit memo", memo, posted,
        "Compare the memo in the ledger with `isthmus explain` of its invoice",
    )  # fmt: skip
    await erp.refresh(Invoice, memo.invoice)
    return posted.number
