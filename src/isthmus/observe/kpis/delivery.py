"""Figures of the way from a won deal to work that is known."""

from __future__ import annotations

from isthmus.observe.kpis.definition import Kpi, Unit, Way

QUOTE_TO_PROJECT = Kpi(
    name="quote_to_project_cycle_time",
    title="Quote-to-project cycle time",
    unit=Unit.HOURS,
    way=Way.MEDIAN,
    formula="Median of the hours from `opportunity.closed_won` to `project.opened`, of projects "
    "opened in the last 30 days.",
    owner="pmo",
    rows="""
        select 'project' as kind, opened.subject as id,
            coalesce(project.data->>'name', opened.data->>'name') as label,
            project.data->>'legal_entity' as legal_entity, opened.occurred_at as at,
            extract(epoch from opened.occurred_at - won.at) / 3600 as value,
            1 as weight, null as currency
        from event opened
        join lateral (
            select min(event.occurred_at) as at from event
            where event.lasts and event.subject = opened.data->>'opportunity'
                and event.type = 'opportunity.closed_won'
        ) won on won.at is not null
        left join record project on project.kind = 'project'
            and project.id = cast(opened.subject as uuid)
        where opened.lasts and opened.type = 'project.opened'
            and opened.occurred_at >= :since and opened.occurred_at < :until
    """,
)

PROJECTS_WITHOUT_ERP = Kpi(
    name="projects_missing_erp_structures",
    title="Projects missing ERP structures",
    unit=Unit.COUNT,
    way=Way.COUNT,
    formula="Number of billable projects, planned or active, that no ledger has a record of.",
    owner="finance",
    window=None,
    rows="""
        select 'project' as kind, cast(project.id as text) as id,
            project.data->>'name' as label, project.data->>'legal_entity' as legal_entity,
            project.updated_at as at, 1 as value, 1 as weight, null as currency
        from record project
        where project.kind = 'project' and project.data->>'status' in ('planned', 'active')
            and coalesce(cast(project.data->>'is_billable' as boolean), true)
            and not exists (
                select from xref where xref.kind = 'project'
                    and xref.canonical_id = project.id
                    and xref.space = any(cast(:erp as text[]))
            )
    """,
)

UTILISATION_FRESHNESS = Kpi(
    name="utilisation_data_freshness",
    title="Utilisation-data freshness",
    unit=Unit.DAYS,
    way=Way.MEDIAN,
    formula="Median, over people with hours in the last 56 days, of the days from the latest day "
    "that they have submitted or approved hours for until today.",
    owner="pmo",
    window=None,
    rows="""
        select 'resource' as kind, cast(latest.resource as text) as id,
            coalesce(person.data->>'number', cast(latest.resource as text)) as label,
            person.data->>'legal_entity' as legal_entity, latest.at as at,
            cast(cast(:until as timestamptz) at time zone :zone as date) - latest.day as value,
            1 as weight, null as currency
        from (
            select time_entry.resource, max(time_entry.worked_on) as day,
                max(time_entry.updated_at) as at
            from time_entry
            where time_entry.approval in ('submitted', 'approved')
                and time_entry.state <> 'withdrawn'
                and time_entry.worked_on
                    > cast(cast(:until as timestamptz) at time zone :zone as date) - 56
            group by time_entry.resource
        ) latest
        left join record person on person.kind = 'resource' and person.id = latest.resource
    """,
)

APPROVALS = Kpi(
    name="approval_bottlenecks",
    title="Approval bottlenecks",
    unit=Unit.COUNT,
    way=Way.COUNT,
    formula="Number of submitted time entries, submitted expenses, delivered milestones that the "
    "client is to accept, milestones that finance is to look at, and bulk acts that a second "
    "person is to let run, for which somebody has been waited for more than 2 days.",
    owner="pmo",
    window=None,
    rows="""
        with moment as (
            select cast(cast(:until as timestamptz) at time zone :zone as date) as today
        ), project as (
            select id, data->>'name' as name, data->>'legal_entity' as legal_entity
            from record where kind = 'project'
        ), waits as (
            select 'time_entry' as kind, cast(time_entry.id as text) as id,
                time_entry.project, time_entry.external_id as label,
                time_entry.updated_at as at, today - time_entry.worked_on as days
            from time_entry, moment
            where approval = 'submitted' and batch is null and state <> 'withdrawn'
            union all
            select 'expense_entry', cast(expense_entry.id as text), expense_entry.project,
                expense_entry.external_id, expense_entry.updated_at,
                today - expense_entry.spent_on
            from expense_entry, moment where approval = 'submitted' and state <> 'withdrawn'
            union all
            select 'milestone', cast(record.id as text), cast(data->>'project' as uuid),
                data->>'name', updated_at,
                today - coalesce(cast(data->>'delivered_on' as date),
                                 cast(updated_at at time zone :zone as date))
            from record, moment where kind = 'milestone' and data->>'state' = 'delivered'
                and coalesce(cast(data->>'requires_acceptance' as boolean), true)
        )
        select waits.kind, waits.id, waits.label, project.legal_entity, waits.at,
            waits.days as value, 1 as weight, null as currency
        from waits left join project on project.id = waits.project where waits.days > 2
        union all
        select 'hold', 'H-' || hold.number, hold.reason, project.legal_entity, hold.opened_at,
            trunc(extract(epoch from cast(:until as timestamptz) - hold.opened_at) / 86400, 2),
            1, null
        from hold
        left join record milestone on milestone.kind = 'milestone'
            and milestone.id = hold.object_id
        left join project on cast(project.id as text) = milestone.data->>'project'
        where hold.state = 'held' and hold.code = 'milestone_review'
            and hold.opened_at < cast(:until as timestamptz) - interval '2 days'
        union all
        select 'bulk', 'B-' || number, act, null, asked_at,
            trunc(extract(epoch from cast(:until as timestamptz) - asked_at) / 86400, 2), 1, null
        from bulk where state = 'awaiting_approval'
            and asked_at < cast(:until as timestamptz) - interval '2 days'
    """,
)
