"""Figures of the way from approved work to a posted invoice and a closed month."""

from __future__ import annotations

from isthmus.observe.kpis.definition import Kpi, Unit, Way

TIME_TO_BILL = Kpi(
    name="time_to_bill_latency",
    title="Time-to-bill latency",
    unit=Unit.DAYS,
    way=Way.WEIGHTED_MEAN,
    formula="Mean of the days from the day of the work to the day on which the ledger had its "
    "invoice, weighted by hours, of invoices posted in the last 30 days.",
    owner="finance",
    rows="""
        select 'invoice' as kind, posted.subject as id, posted.data->>'number' as label,
            min(fact.legal_entity) as legal_entity, posted.occurred_at as at,
            sum((cast(posted.occurred_at at time zone :zone as date) - fact.happened_on)
                * fact.hours) / nullif(sum(fact.hours), 0) as value,
            sum(fact.hours) as weight, null as currency
        from event posted
        join fact on fact.invoice = cast(posted.subject as uuid)
            and fact.source_kind = 'time_entry' and fact.reversal_of is null and fact.part = 1
        where posted.lasts and posted.type = 'invoice.posted'
            and posted.occurred_at >= :since and posted.occurred_at < :until
        group by posted.subject, posted.data->>'number', posted.occurred_at
    """,
)

INVOICE_EXCEPTIONS = Kpi(
    name="invoice_exception_rate",
    title="Invoice exception rate",
    unit=Unit.PERCENT,
    way=Way.SHARE,
    formula="Of the billing runs of the last 30 days that drafted an invoice or were stopped, the "
    "share that was stopped at least once.",
    owner="finance",
    rows="""
        select 'run' as kind, run.id, contract.data->>'number' as label,
            contract.data->>'legal_entity' as legal_entity, run.created_at as at,
            cast(stopped.number is not null as integer) as value, 1 as weight,
            null as currency
        from run
        left join lateral (
            select hold.number from hold where hold.run_id = run.id limit 1
        ) stopped on true
        left join record contract on contract.kind = 'contract'
            and cast(contract.id as text) = run.subject
        where run.flow = 'contract_to_invoice'
            and run.created_at >= :since and run.created_at < :until
            and (stopped.number is not null or exists (
                select from event where event.lasts
                    and event.correlation_id = run.correlation_id
                    and event.type = 'invoice.drafted'
                    and event.causation_id = cast(run.event_id as text)
            ))
    """,
)

UNBILLED = Kpi(
    name="unbilled_approved_time",
    title="Unbilled approved time",
    unit=Unit.MONEY,
    way=Way.SUM,
    formula="Per currency, the amount of rated hours that are on no invoice and in force, and of "
    "approved hours that are not rated yet, these at the PSA's own rate.",
    owner="finance",
    window=None,
    rows="""
        with project as (
            select id, data->>'name' as name, data->>'legal_entity' as legal_entity
            from record where kind = 'project'
        ), open as (
            select fact.project, fact.legal_entity, fact.currency, sum(fact.amount) as amount,
                min(fact.rated_at) as at
            from fact
            where fact.source_kind = 'time_entry' and fact.invoice is null
                and fact.reversal_of is null and fact.charging = 'charged'
                and not exists (select from fact taken_back
                    where taken_back.reversal_of = fact.id and not taken_back.in_part)
            group by fact.project, fact.legal_entity, fact.currency
            union all
            select time_entry.project, project.legal_entity, time_entry.currency,
                sum(round(time_entry.hours * time_entry.source_rate, 2)),
                min(time_entry.updated_at)
            from time_entry left join project on project.id = time_entry.project
            where time_entry.approval = 'approved' and time_entry.state in ('received', 'held')
                and time_entry.source_rate is not null
                and coalesce(cast(time_entry.data->>'is_billable' as boolean), true)
            group by time_entry.project, project.legal_entity, time_entry.currency
        )
        select 'project' as kind, cast(open.project as text) as id, min(project.name) as label,
            open.legal_entity, min(open.at) as at, sum(open.amount) as value, 1 as weight,
            open.currency
        from open left join project on project.id = open.project
        group by open.project, open.legal_entity, open.currency
    """,
)

MILESTONE_TO_INVOICE = Kpi(
    name="milestone_to_invoice_delay",
    title="Milestone-to-invoice delay",
    unit=Unit.DAYS,
    way=Way.MEDIAN,
    formula="Median of the days from the day on which a milestone counts as accepted to the day "
    "on which the ledger had its invoice, of invoices posted in the last 30 days.",
    owner="finance",
    rows="""
        select 'milestone' as kind, cast(fact.source_id as text) as id,
            milestone.data->>'name' as label, fact.legal_entity, posted.occurred_at as at,
            cast(posted.occurred_at at time zone :zone as date) - fact.happened_on as value,
            1 as weight, null as currency
        from event posted
        join fact on fact.invoice = cast(posted.subject as uuid)
            and fact.source_kind = 'milestone' and fact.reversal_of is null and fact.part = 1
        left join record milestone on milestone.kind = 'milestone'
            and milestone.id = fact.source_id
        where posted.lasts and posted.type = 'invoice.posted'
            and posted.occurred_at >= :since and posted.occurred_at < :until
    """,
)

CLOSE_IMPACT = Kpi(
    name="month_end_close_impact",
    title="Month-end-close impact",
    unit=Unit.MONEY,
    way=Way.SUM,
    formula="Per currency, the amount of work of the month before this one that the ledger took "
    "after that month had ended, or has not taken yet.",
    owner="finance",
    rows="""
        with month as (
            select date_trunc('month', cast(:until as timestamptz) at time zone :zone) as ended
        )
        select 'project' as kind, cast(fact.project as text) as id,
            min(project.data->>'name') as label, fact.legal_entity, max(fact.rated_at) as at,
            sum(fact.amount) as value, 1 as weight, fact.currency
        from fact cross join month
        left join record project on project.kind = 'project' and project.id = fact.project
        where fact.happened_on >= month.ended - interval '1 month'
            and fact.happened_on < month.ended
            and (fact.posted_at is null or fact.posted_at >= month.ended at time zone :zone)
            and fact.reversal_of is null and fact.rated_at < :until
            and not exists (select from fact taken_back
                where taken_back.reversal_of = fact.id and not taken_back.in_part)
        group by fact.project, fact.legal_entity, fact.currency
    """,
)
