"""One join of both staged sides: breaks, control totals, and the breaks that are gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_PAIR = """
pair as materialized (
  select coalesce(s.key, t.key) as key, coalesce(s.copy, t.copy) as copy,
    coalesce(s.object_id, t.object_id) as object_id, coalesce(s.label, t.label) as label,
    coalesce(s.entity, t.entity) as entity, coalesce(s.day, t.day) as day,
    s.key is not null as in_source, t.key is not null as in_target,
    s.currency as source_currency, t.currency as target_currency,
    coalesce(s.hours, 0) as source_hours, coalesce(t.hours, 0) as target_hours,
    coalesce(s.amount, 0) as source_amount, coalesce(t.amount, 0) as target_amount,
    case when t.key is null then 'missing' when s.key is null then 'extra'
      when s.compared <> t.compared then 'different'
      when cast(:grace as interval) > interval '0'
        and t.arrived_at > s.at + cast(:grace as interval) then 'late' end as kind,
    coalesce(s.at, t.at) > cast(:now as timestamptz) - cast(:grace as interval) as fresh,
    s.external_id as source_id, t.external_id as target_id,
    case when t.key is null or s.compared <> t.compared then s.compared end as source_values,
    case when s.key is null or s.compared <> t.compared then t.compared end as target_values,
    s.at as source_at, coalesce(t.arrived_at, t.at) as target_at
  from (select *, row_number() over (partition by key order by external_id) as copy
        from staged_source) s
  full join (select *, row_number() over (partition by key order by external_id) as copy
             from staged_target) t on t.key = s.key and t.copy = s.copy
  where coalesce(s.day, t.day) is null or cast(:first as date) is null
     or coalesce(s.day, t.day) between cast(:first as date) and cast(:last as date)
)"""
_KNOWN = """
known as (
  select b.leg, b.key, b.copy from reconciliation_break b
  where b.name = :name and b.leg = :leg and b.closed_at is null
)"""
_JUDGED = """
judged as (
  select p.*, p.kind is not null and p.kind <> 'late' and coalesce(p.fresh, false)
    and k.key is null as under_way
  from pair p left join known k on k.key = p.key and k.copy = p.copy
)"""
_NOTED = """
noted as (
  insert into reconciliation_break as b (
    name, leg, key, copy, kind, object_kind, object_id, label, entity, happened_on, currency,
    hours, amount, source_id, target_id, source_values, target_values, source_at, target_at,
    state, cause, owner, first_run, last_run)
  select :name, :leg, key, copy, kind, :object_kind, object_id, label, entity, day,
    coalesce(source_currency, target_currency), source_hours - target_hours,
    case when source_currency <> target_currency then source_amount
      else source_amount - target_amount end,
    source_id, target_id, cast(source_values as jsonb), cast(target_values as jsonb),
    source_at, target_at, case kind when 'late' then 'explained' else 'open' end,
    case kind when 'late' then 'arrived_late' end, :owner, :run, :run
  from judged where kind is not null and not under_way
  on conflict (name, leg, key, copy) where closed_at is null do update set
    kind = excluded.kind, object_id = excluded.object_id, label = excluded.label,
    entity = excluded.entity, happened_on = excluded.happened_on, currency = excluded.currency,
    hours = excluded.hours, amount = excluded.amount, source_id = excluded.source_id,
    target_id = excluded.target_id, source_values = excluded.source_values,
    target_values = excluded.target_values, source_at = excluded.source_at,
    target_at = excluded.target_at, owner = excluded.owner, last_run = excluded.last_run,
    last_seen_at = clock_timestamp(),
    times_seen = b.times_seen + case when b.last_run = excluded.last_run then 0 else 1 end,
    state = case when b.state = 'accepted' and b.kind = excluded.kind
        and b.source_values is not distinct from excluded.source_values
        and b.target_values is not distinct from excluded.target_values
      then 'accepted' else excluded.state end,
    cause = excluded.cause, hold = null, waiting_run = null
  returning 1
)"""
_SUMMED = """
grouped as (
  select coalesce(entity, '') as entity, coalesce(to_char(day, 'YYYY-MM'), '') as period,
    source_currency, target_currency,
    count(*) filter (where in_source) as source_count,
    count(*) filter (where in_target) as target_count,
    sum(source_hours) as source_hours, sum(target_hours) as target_hours,
    sum(source_amount) as source_amount, sum(target_amount) as target_amount,
    count(*) filter (where kind is null or kind = 'late') as matched,
    count(*) filter (where under_way) as under_way
  from judged group by 1, 2, 3, 4
), summed as (
  insert into reconciliation_total (
    run, leg, entity, period, currency, source_count, target_count, source_hours, target_hours,
    source_amount, target_amount, matched, under_way)
  select :run, :leg, entity, period, side.currency, sum(side.sc), sum(side.tc), sum(side.sh),
    sum(side.th), sum(side.sa), sum(side.ta), sum(side.matched), sum(side.under_way)
  from grouped cross join lateral (values
    (coalesce(source_currency, target_currency, ''), source_count, 0, source_hours, 0,
      source_amount, 0, matched, under_way),
    (coalesce(target_currency, source_currency, ''), 0, target_count, 0, target_hours,
      0, target_amount, 0, 0)
  ) as side (currency, sc, tc, sh, th, sa, ta, matched, under_way)
  group by entity, period, side.currency
  returning 1
)"""
_COMPARE = sa.text(
    f"with {_PAIR}, {_KNOWN}, {_JUDGED}, {_NOTED}, {_SUMMED} "
    "select (select count(*) from noted), (select count(*) from summed)"
)
_GONE = sa.text("""
update reconciliation_break set state = 'closed', closed_at = clock_timestamp(),
  cause = case when state = 'repaired' then 'repaired' else 'agrees_again' end
where name = :name and leg = :leg and closed_at is null and last_run <> :run
  and (happened_on is null or cast(:first as date) is null
       or happened_on between cast(:first as date) and cast(:last as date))
""")
_OF_RUN = "b.last_run = :run and b.leg = :leg and b.state = 'open'"
_STOPPED = """
state = 'explained', hold = h.number, cause = case h.state
  when 'waiting_period' then 'period_closed' when 'waiting_system' then 'system_away'
  else 'held' end
"""
_BY_HOLD = sa.text(f"""
update reconciliation_break b set {_STOPPED} from hold h
where {_OF_RUN} and h.state <> 'resolved' and h.object_id = b.object_id
""")
_BY_OWN_HOLD = sa.text(f"""
update reconciliation_break b set {_STOPPED} from hold h
where {_OF_RUN} and h.state <> 'resolved' and h.key = 'reconciliation:BR-' || b.number
""")
_STORIES = """
  select b.number, r.id as run, r.state from reconciliation_break b
  join run r on r.subject = b.object_id::text where {of_run}
  union all
  select b.number, r.id, r.state from reconciliation_break b
  join time_entry e on e.id = b.object_id join run r on r.subject = e.batch::text
  where b.object_kind = 'time_entry' and {of_run}
"""
_BY_STOPPED_RUN = sa.text(f"""
with story as ({_STORIES.format(of_run=_OF_RUN)})
update reconciliation_break b set {_STOPPED}
from story s join hold h on h.run_id = s.run and h.state <> 'resolved'
where b.number = s.number
""")
_BY_WAITING_RUN = sa.text(f"""
with story as ({_STORIES.format(of_run=_OF_RUN)})
update reconciliation_break b set state = 'explained', cause = 'run_waiting', waiting_run = s.run
from story s where b.number = s.number and s.state in ('queued', 'running')
""")
_BY_CORRECTION = sa.text(f"""
update reconciliation_break b set state = 'explained', cause = 'corrected_here', hold = e.hold
from edit e
where {_OF_RUN} and b.kind = 'different' and e.object_kind = b.object_kind
  and e.object_id = b.object_id
""")
_EXPLANATIONS = (_BY_HOLD, _BY_OWN_HOLD, _BY_STOPPED_RUN, _BY_WAITING_RUN, _BY_CORRECTION)


@dataclass(frozen=True)
class Comparison:
    """Which leg of which run, and what counts as under way. Days: None for what has none."""

    run: str
    name: str
    leg: str
    object_kind: str
    owner: str
    grace: timedelta
    now: datetime
    first: date | None
    last: date | None


async def compare(connection: AsyncConnection, what: Comparison) -> None:
    """Keep breaks and totals of what is staged, close what is gone, find what explains the rest.

    A repeat in the same run gives the same.
    """
    given = vars(what)
    await connection.execute(
        sa.text("delete from reconciliation_total where run = :run and leg = :leg"), given
    )
    await connection.execute(_COMPARE, given)
    await connection.execute(_GONE, given)
    for explanation in _EXPLANATIONS:
        await connection.execute(explanation, {"run": what.run, "leg": what.leg})
