"""Figures of the integration itself."""

from __future__ import annotations

from datetime import timedelta

from isthmus.observe.kpis.definition import Kpi, Unit, Way

SYNC_LAG = Kpi(
    name="sync_lag",
    title="Sync lag",
    unit=Unit.SECONDS,
    way=Way.HIGHEST,
    formula="The longest of: seconds since a kind of object of a system was last read, and seconds "
    "that a message of a system has waited to be taken in.",
    owner="integration",
    by_entity=False,
    window=None,
    rows="""
        select 'stream' as kind, watermark.connection || '/' || watermark.kind as id,
            watermark.connection || ' ' || watermark.kind as label,
            cast(null as text) as legal_entity, watermark.updated_at as at,
            trunc(extract(epoch from cast(:until as timestamptz) - watermark.updated_at))
                as value,
            1 as weight, null as currency
        from watermark
        union all
        select 'message', cast(inbox.id as text),
            inbox.connection || coalesce(' ' || inbox.kind, ''), null, inbox.received_at,
            trunc(extract(epoch from cast(:until as timestamptz) - inbox.received_at)), 1, null
        from inbox where inbox.processed_at is null
    """,
)

SYNC_FAILURES = Kpi(
    name="sync_failure_rate",
    title="Sync failure rate",
    unit=Unit.PERCENT,
    way=Way.SHARE,
    formula="Of the runs begun in the last 7 days, the share that was stopped at least once: held, "
    "waiting or dead, whatever became of it.",
    owner="integration",
    by_entity=False,
    window=timedelta(days=7),
    rows="""
        select 'run' as kind, run.id, run.flow as label, cast(null as text) as legal_entity,
            run.created_at as at,
            cast(exists (select from hold where hold.run_id = run.id) as integer) as value,
            1 as weight, null as currency
        from run where run.created_at >= :since and run.created_at < :until
    """,
)

BACKLOG = Kpi(
    name="reconciliation_backlog",
    title="Reconciliation backlog",
    unit=Unit.COUNT,
    way=Way.COUNT,
    formula="Number of differences between two systems that a reconciliation has found and that "
    "are neither gone, explained nor accepted.",
    owner="finance",
    window=None,
    needs="reconciliation_run",
    rows="""
        select 'break' as kind, cast(number as text) as id, label, entity as legal_entity,
            first_seen_at as at, 1 as value, 1 as weight, null as currency
        from reconciliation_break
        where closed_at is null and state in ('open', 'repaired')
    """,
)

API_LATENCY = Kpi(
    name="api_latency",
    title="API latency",
    unit=Unit.MILLISECONDS,
    way=Way.P95,
    formula="Upper bound of the duration within which 95 % of the requests of the last 24 hours "
    "were answered, over all routes and processes.",
    owner="integration",
    by_entity=False,
    window=timedelta(hours=24),
    rows="""
        select 'route' as kind, name as id, name || ' (' || outcome || ')' as label,
            cast(null as text) as legal_entity, max(hour) as at,
            case when le_ms = 0 then 60000 else le_ms end as value, sum(calls) as weight,
            null as currency
        from traffic
        where side = 'api' and hour >= date_trunc('hour', cast(:since as timestamptz))
            and hour < :until
        group by name, outcome, le_ms
    """,
)
