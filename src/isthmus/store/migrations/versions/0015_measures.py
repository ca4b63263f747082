"""Calls, spans of stories, key figures by day, alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    _traffic()
    _span()
    _kpi_day()
    _alert()


def downgrade() -> None:
    for table in ("alert", "kpi_day", "span", "traffic"):
        op.drop_table(table)


def _text(name: str, *, nullable: bool = False, **more: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, **more)  # type: ignore[arg-type] # Column's options


def _at(name: str, *, nullable: bool = False, default: bool = True) -> sa.Column[object]:
    made = NOW if default and not nullable else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=made, nullable=nullable)


def _traffic() -> None:
    op.create_table(
        "traffic",
        _text("side"),
        _text("name"),
        _text("outcome"),
        sa.Column(
            "le_ms",
            sa.Integer(),
            nullable=False,
            comment="Upper bound of the duration in milliseconds; 0: there is none",
        ),
        sa.Column(
            "hour",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Start of the hour; 1970 holds what is older than the hours that are kept",
        ),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("total_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "side", "name", "outcome", "le_ms", "hour", name=op.f("traffic_pkey")
        ),
        comment="Requests answered (side api) and calls made (side vendor), of all processes "
        "together",
    )


def _span() -> None:
    op.create_table(
        "span",
        _text("span_id"),
        _text("parent_id", nullable=True),
        _text("correlation_id"),
        _text("kind"),
        _text("name"),
        _at("started_at"),
        sa.Column("ms", sa.Numeric(), nullable=False),
        _text("error", nullable=True),
        sa.Column("detail", JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("span_id", name=op.f("span_pkey")),
        comment="Messages, steps and vendor calls of stories; events and runs are told by their "
        "rows",
    )
    op.create_index("span_correlation_id_idx", "span", ["correlation_id"])
    op.create_index("span_started_at_idx", "span", ["started_at"])


def _kpi_day() -> None:
    op.create_table(
        "kpi_day",
        _text("name"),
        _text("legal_entity", comment="Empty: the whole firm"),
        _text("currency", comment="Empty: not money"),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column(
            "value", sa.Numeric(), nullable=True, comment="None: there was nothing to measure"
        ),
        _at("measured_at"),
        sa.PrimaryKeyConstraint(
            "name", "legal_entity", "currency", "on", name=op.f("kpi_day_pkey")
        ),
        comment="Key figures as they stood at the last look of each day",
    )


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _text("key", comment="What burns; one open alert each"),
        _text("flow"),
        _text("owner"),
        _text("severity"),
        _text("title"),
        _text("body"),
        sa.Column("facts", JSONB(), server_default="{}", nullable=False),
        _at("opened_at"),
        _at("told_at", nullable=True),
        _text("error", nullable=True, comment="Why nobody could be told, at the last try"),
        _at("resolved_at", nullable=True),
        _at("resolution_told_at", nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("alert_pkey")),
        comment="Promises of a flow that are being broken, and who was told",
    )
    op.create_index(
        "alert_key_open_idx",
        "alert",
        ["key"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
