"""Reconciliations: runs, control totals, breaks, and who did what about them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from isthmus.store.columns import at, id_column, metadata, money, text, uuid

reconciliation_run = sa.Table(
    "reconciliation_run", metadata,
    id_column(),
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
    text("name"),
    text("promise"),
    sa.Column("plan", JSONB, nullable=False,
              comment="Connections, companies, grace, owner and signatures, as they were"),
    sa.Column("first_on", sa.Date, nullable=True, comment="First day compared; none: all"),
    sa.Column("last_on", sa.Date, nullable=True),
    sa.Column("state", sa.Text, nullable=False, server_default="running",
              comment="running, finished"),
    text("asked_by"),
    at("asked_at"),
    at("finished_at", nullable=True),
    comment="One comparison of two systems",
)  # fmt: skip
sa.Index("reconciliation_run_name_idx", reconciliation_run.c.name, reconciliation_run.c.asked_at)

reconciliation_total = sa.Table(
    "reconciliation_total", metadata,
    sa.Column("run", sa.ForeignKey("reconciliation_run.id"), nullable=False),
    text("leg"),
    sa.Column("entity", sa.Text, nullable=False, comment="Company; empty: of none"),
    sa.Column("period", sa.Text, nullable=False, comment="YYYY-MM; empty: of none"),
    sa.Column("currency", sa.Text, nullable=False, comment="Empty: of none"),
    sa.Column("source_count", sa.BigInteger, nullable=False),
    sa.Column("target_count", sa.BigInteger, nullable=False),
    money("source_hours"),
    money("target_hours"),
    money("source_amount"),
    money("target_amount"),
    sa.Column("matched", sa.BigInteger, nullable=False, comment="Pairs that agree"),
    sa.Column("under_way", sa.BigInteger, nullable=False, comment="Differences within the grace"),
    sa.PrimaryKeyConstraint("run", "leg", "entity", "period", "currency"),
    comment="Control totals of both sides of a run",
)  # fmt: skip

reconciliation_break = sa.Table(
    "reconciliation_break", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    text("name"),
    text("leg"),
    sa.Column("key", sa.Text, nullable=False, comment="Canonical id, or what a system calls it"),
    sa.Column("copy", sa.Integer, nullable=False, comment="From 2: the same once more on a side"),
    sa.Column("kind", sa.Text, nullable=False, comment="missing, extra, different, late"),
    text("object_kind"),
    uuid("object_id"),
    text("label"),
    text("entity", nullable=True),
    sa.Column("happened_on", sa.Date, nullable=True),
    text("currency", nullable=True),
    sa.Column("hours", sa.Numeric, nullable=False, comment="Source less target"),
    sa.Column("amount", sa.Numeric, nullable=False, comment="Source less target"),
    text("source_id", nullable=True),
    text("target_id", nullable=True),
    sa.Column("source_values", JSONB, nullable=True),
    sa.Column("target_values", JSONB, nullable=True),
    at("source_at", nullable=True),
    at("target_at", nullable=True),
    sa.Column("state", sa.Text, nullable=False,
              comment="open, explained, accepted, repaired (looked at by the next run), closed"),
    sa.Column("cause", sa.Text, nullable=True, comment="What explains or ended it, as a code"),
    sa.Column("hold", sa.BigInteger, sa.ForeignKey("hold.number"), nullable=True),
    text("waiting_run", nullable=True),
    text("owner"),
    sa.Column("first_run", sa.ForeignKey("reconciliation_run.id"), nullable=False),
    sa.Column("last_run", sa.ForeignKey("reconciliation_run.id"), nullable=False),
    at("first_seen_at"),
    at("last_seen_at"),
    sa.Column("times_seen", sa.Integer, nullable=False, server_default="1"),
    sa.Column("repairs", sa.Integer, nullable=False, server_default="0"),
    text("decided_by", nullable=True),
    at("decided_at", nullable=True),
    text("reason", nullable=True),
    at("closed_at", nullable=True),
    comment="What two systems do not agree on, from when it is seen until it is gone",
)  # fmt: skip
sa.Index(
    "reconciliation_break_open_idx",
    reconciliation_break.c.name, reconciliation_break.c.leg, reconciliation_break.c.key,
    reconciliation_break.c.copy,
    unique=True, postgresql_where=reconciliation_break.c.closed_at.is_(None),
)  # fmt: skip
sa.Index("reconciliation_break_last_run_idx", reconciliation_break.c.last_run)

reconciliation_act = sa.Table(
    "reconciliation_act", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("run", sa.ForeignKey("reconciliation_run.id"), nullable=True),
    sa.Column("break", sa.ForeignKey("reconciliation_break.number"), nullable=True),
    sa.Column("act", sa.Text, nullable=False, comment="repair, accept, sign"),
    sa.Column("role", sa.Text, nullable=True, comment="Of a signature: finance, delivery"),
    text("by"),
    text("note"),
    sa.Column("evidence", sa.Text, nullable=True,
              comment="Of a signature: SHA-256 of the totals and breaks that were signed"),
    at("done_at"),
    comment="Repairs, acceptances and signatures; append-only",
)  # fmt: skip
sa.Index(
    "reconciliation_act_signature_idx", reconciliation_act.c.run, reconciliation_act.c.role,
    unique=True, postgresql_where=reconciliation_act.c.act == "sign",
)  # fmt: skip
sa.Index("reconciliation_act_break_idx", reconciliation_act.c["break"])
