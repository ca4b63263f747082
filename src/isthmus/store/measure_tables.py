"""What is measured: calls, spans of stories, key figures by day, alerts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from isthmus.store.columns import at, metadata, money, text

traffic = sa.Table(
    "traffic", metadata,
    text("side"),
    text("name"),
    text("outcome"),
    sa.Column("le_ms", sa.Integer, nullable=False,
              comment="Upper bound of the duration in milliseconds; 0: there is none"),
    sa.Column("hour", sa.DateTime(timezone=True), nullable=False,
              comment="Start of the hour; 1970 holds what is older than the hours that are kept"),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("total_ms", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("side", "name", "outcome", "le_ms", "hour"),
    comment="Requests answered (side api) and calls made (side vendor), of all processes together",
)  # fmt: skip

span = sa.Table(
    "span", metadata,
    sa.Column("span_id", sa.Text, primary_key=True),
    sa.Column("parent_id", sa.Text, nullable=True),
    text("correlation_id"),
    text("kind"),
    text("name"),
    at("started_at"),
    money("ms"),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("detail", JSONB, nullable=False, server_default="{}"),
    comment="Messages, steps and vendor calls of stories; events and runs are told by their rows",
)  # fmt: skip
sa.Index("span_correlation_id_idx", span.c.correlation_id)
sa.Index("span_started_at_idx", span.c.started_at)

kpi_day = sa.Table(
    "kpi_day", metadata,
    text("name"),
    sa.Column("legal_entity", sa.Text, nullable=False, comment="Empty: the whole firm"),
    sa.Column("currency", sa.Text, nullable=False, comment="Empty: not money"),
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("value", sa.Numeric, nullable=True, comment="None: there was nothing to measure"),
    at("measured_at"),
    sa.PrimaryKeyConstraint("name", "legal_entity", "currency", "on"),
    comment="Key figures as they stood at the last look of each day",
)  # fmt: skip

alert = sa.Table(
    "alert", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("key", sa.Text, nullable=False, comment="What burns; one open alert each"),
    text("flow"),
    text("owner"),
    text("severity"),
    text("title"),
    text("body"),
    sa.Column("facts", JSONB, nullable=False, server_default="{}"),
    at("opened_at"),
    at("told_at", nullable=True),
    sa.Column("error", sa.Text, nullable=True, comment="Why nobody could be told, at the last try"),
    at("resolved_at", nullable=True),
    sa.Column("resolution_told_at", sa.DateTime(timezone=True), nullable=True),
    comment="Promises of a flow that are being broken, and who was told",
)  # fmt: skip
sa.Index("alert_key_open_idx", alert.c.key, unique=True,
         postgresql_where=alert.c.resolved_at.is_(None))  # fmt: skip
