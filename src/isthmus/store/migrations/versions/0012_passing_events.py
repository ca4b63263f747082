"""The event log in partitions: what passes is dropped whole; rows that may go with their keys.

The rows of the log are copied, a million in about a quarter of a minute; who writes an event waits
until then. A process of the release before goes on: what it writes lasts.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

COLUMNS = "position, id, type, source, subject, occurred_at, correlation_id, causation_id, data"
PASSES = """(
    type like '%.changed' or type like '%.drifted' or type like '%.correction_due' or type in
    ('time.batched', 'expense.batched', 'connection.lost', 'connection.restored')
)"""
PARTITIONS = f"""do $$
declare
    place timestamptz := (
        select date_trunc('day', greatest(min(occurred_at), now() - interval '52 weeks'))
        from event_before where {PASSES}
    );
begin
    place := coalesce(place, date_trunc('day', now()));
    while place < now() + interval '2 weeks' loop
        execute format(
            'create table %I partition of event_passing for values from (%L) to (%L)',
            'event_passing_' || to_char(place at time zone 'UTC', 'YYYYMMDD"t"HH24MISS'),
            place, place + interval '7 days'
        );
        place := place + interval '7 days';
    end loop;
end $$"""
TAKE_NUMBERS_ON = """select setval(
    pg_get_serial_sequence('event', 'position'), greatest(last_value, 1), is_called
) from event_before_position_seq"""


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    ]


def _set_aside() -> None:
    op.rename_table("event", "event_before")
    op.execute("alter sequence event_position_seq rename to event_before_position_seq")
    op.drop_index("event_subject_idx", "event_before")
    op.drop_index("event_correlation_id_idx", "event_before")
    op.drop_constraint("event_pkey", "event_before")


def _bring_over(column: str = "", value: str = "") -> None:
    op.execute(
        f"insert into event ({COLUMNS}{column}) overriding system value "
        f"select {COLUMNS}{value} from event_before order by position"
    )
    op.execute(TAKE_NUMBERS_ON)
    op.drop_table("event_before")
    op.create_index("event_subject_idx", "event", ["subject", "position"])
    op.create_index("event_correlation_id_idx", "event", ["correlation_id"])


def upgrade() -> None:
    _set_aside()
    op.drop_constraint("event_id_key", "event_before")
    position, id_, *others = _columns()
    lasts: sa.Column[object] = sa.Column(
        "lasts",
        sa.Boolean(),
        nullable=False,
        server_default=sa.true(),
        comment="Kept for good, because flows and people read it later",
    )
    op.create_table(
        "event",
        *(position, id_, lasts, *others),
        sa.PrimaryKeyConstraint("position", "lasts", "occurred_at", name=op.f("event_pkey")),
        sa.UniqueConstraint(
            "id", "lasts", "occurred_at", name=op.f("event_id_lasts_occurred_at_key")
        ),
        comment="Outbox: every event, in order, as CloudEvents attributes",
        postgresql_partition_by="list (lasts)",
    )
    op.execute("create table event_lasting partition of event for values in (true)")
    op.execute(
        "create table event_passing partition of event for values in (false) "
        "partition by range (occurred_at)"
    )
    op.execute("create table event_passing_rest partition of event_passing default")
    op.execute(PARTITIONS)
    _bring_over(", lasts", f", not {PASSES}")
    op.create_table(
        "event_floor",
        sa.Column("one", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column(
            "position",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Last event that passes and was removed",
        ),
        sa.Column(
            "moved_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("one", name=op.f("event_floor_pkey")),
        sa.CheckConstraint("one", name=op.f("event_floor_one_check")),
        comment="One row: from where on the event log is whole",
    )
    op.execute("insert into event_floor default values")
    op.create_index(
        "inbox_emptied_idx",
        "inbox",
        ["processed_at"],
        postgresql_where=sa.text("emptied_at is not null"),
    )
    op.create_index(
        "run_emptied_idx",
        "run",
        ["flow", "finished_at"],
        postgresql_where=sa.text("emptied_at is not null"),
    )


def downgrade() -> None:
    op.drop_index("run_emptied_idx", "run")
    op.drop_index("inbox_emptied_idx", "inbox")
    op.drop_table("event_floor")
    _set_aside()
    op.create_table(
        "event",
        *_columns(),
        sa.PrimaryKeyConstraint("position", name=op.f("event_pkey")),
        sa.UniqueConstraint("id", name=op.f("event_id_key")),
        comment="Outbox: every event, in order, as CloudEvents attributes",
    )
    _bring_over()
