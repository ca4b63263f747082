"""Two systems are compared, leg by leg; what differs is kept, explained or closed.

Asked for by the clock or by a person. Runs of one reconciliation wait for each other. A leg that
was interrupted is read and compared from its start: nothing of it is kept before its end, and
then all of it is.
"""

from __future__ import annotations

from datetime import date, datetime

from isthmus.connect.listing import Window
from isthmus.engine import Engine, Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import derived_id, new_id
from isthmus.reconcile.plans import PROMISES, days_of
from isthmus.reconcile.promise import Leg, Plan, Scope, Side
from isthmus.store.database import Transaction
from isthmus.store.reconciliation_compare import Comparison, compare
from isthmus.store.reconciliation_staging import Staging
from isthmus.store.reconciliations import ReconciliationRow

FLOW = "reconciliation"


def run_of(reconciliation: str) -> str:
    """The engine's run of a reconciliation run."""
    return f"{FLOW}:{reconciliation}"


async def request(engine: Engine, plan: Plan, by: str, month: date | None = None) -> str:
    """Ask for a run; its id."""
    async with engine.database.begin() as tx:
        return await request_in(tx, engine, plan, by, month)


async def request_in(
    tx: Transaction, engine: Engine, plan: Plan, by: str, month: date | None = None
) -> str:
    id, days = new_id(), days_of(plan, utc_now().date(), month)
    await tx.reconciliations.begin(
        id, plan.name, plan.promise, plan=plan.to_json(),
        first_on=days.first if days else None, last_on=days.last if days else None, asked_by=by,
    )  # fmt: skip
    event = Event(
        id=id, type="reconciliation.due", source=FLOW,
        subject=derived_id(FLOW, plan.name), correlation_id=id,
        data={"name": plan.name, "promise": plan.promise, "by": by},
    )  # fmt: skip
    await engine.outbox.emit(tx, event)
    return id


@flow(on="reconciliation.due", key=lambda event: event.id, owner="integration", priority=70)
async def reconciliation(run: Run) -> None:
    for leg in await run.step(legs_to_compare):
        await run.step(compare_leg, leg)
    await run.step(conclude)


async def legs_to_compare(step: Step) -> list[str]:
    """Those of which both systems can show their side."""
    row, plan = await _asked(step)
    scope = _scope(step, row, plan)
    return [leg.name for leg in PROMISES[plan.promise].legs if leg.applies(scope)]


async def compare_leg(step: Step, name: str) -> int:
    """Read both sides through their connectors, join them, keep totals and breaks; the number of
    rows read.
    """
    row, plan = await _asked(step)
    leg, scope = PROMISES[plan.promise].leg(name), _scope(step, row, plan)
    database = step.run.engine.database
    async with database.staging() as staging:
        started = utc_now()
        rows = await _take(staging, "source", leg.source(scope))
        rows += await _take(staging, "target", leg.target(scope))
        await staging.ready()
        async with database.begin_on(staging) as tx:
            await staging.sort_in_memory()
            await compare(tx.connection, _comparison(row, plan, leg, scope, started))
    return rows


async def _take(staging: Staging, side: str, pages: Side) -> int:
    count = 0
    async for page in pages:
        count += await staging.take(side, page)
    return count


async def conclude(step: Step) -> str:
    """Say once that it is over, and what is unexplained."""
    async with step.begin() as tx:
        is_news = await tx.reconciliations.finish(step.event.id)
        counts = await tx.breaks.counts(step.event.id)
        unexplained = await tx.breaks.unexplained(step.event.id)
        told = {
            "name": step.event.data["name"],
            "breaks": sum(counts.values()),
            "unexplained": sum(each.breaks for each in unexplained),
            "amounts": {each.currency: str(each.amount) for each in unexplained if each.currency},
        }
        if is_news:
            await step.emit(tx, "reconciliation.finished", step.subject, told)
    return f"{told['unexplained']} unexplained"


async def _asked(step: Step) -> tuple[ReconciliationRow, Plan]:
    async with step.begin() as tx:
        row = await tx.reconciliations.get(step.event.id)
    return row, Plan.from_json(row.plan)


def _scope(step: Step, row: ReconciliationRow, plan: Plan) -> Scope:
    days = Window(row.first_on, row.last_on) if row.first_on and row.last_on else None
    return Scope(step.run.engine, plan, days)


def _comparison(
    row: ReconciliationRow, plan: Plan, leg: Leg, scope: Scope, started: datetime
) -> Comparison:
    days = scope.days
    return Comparison(
        run=row.id, name=plan.name, leg=leg.name, object_kind=leg.model.kind, owner=plan.owner,
        grace=plan.grace, now=started, first=days.first if days else None,
        last=days.last if days else None,
    )  # fmt: skip
