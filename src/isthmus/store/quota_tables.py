"""What connections allow, what is used of it, and who is away."""

from __future__ import annotations

import sqlalchemy as sa

from isthmus.store.columns import at, metadata, text

quota = sa.Table(
    "quota", metadata,
    sa.Column("connection", sa.Text, primary_key=True),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("calls", sa.Integer, nullable=True),
    sa.Column("per", sa.Interval, nullable=False),
    sa.Column("daily", sa.Integer, nullable=True),
    sa.Column("daily_is_ours", sa.Boolean, nullable=False),
    at("narrowed_at", nullable=True),
    sa.Column("narrowed_to", sa.Integer, nullable=True,
              comment="Calls at once after the system said that it were too many"),
    at("paused_until", nullable=True),
    sa.Column("vendor_used", sa.Integer, nullable=True),
    sa.Column("vendor_allowed", sa.Integer, nullable=True),
    at("vendor_at", nullable=True),
    comment="What a connection allows: declared, overridden, corrected by its answers",
)  # fmt: skip

quota_lease = sa.Table(
    "quota_lease", metadata,
    text("connection"),
    text("holder"),
    sa.Column("slots", sa.Integer, nullable=False, comment="Calls that it may have in flight"),
    sa.Column("calls", sa.Integer, nullable=False, comment="Calls that it may yet make or ends"),
    sa.Column("wanted", sa.ARRAY(sa.Integer), nullable=False,
              comment="Calls in flight and waiting, by urgency"),
    sa.Column("waiting", sa.ARRAY(sa.Integer), nullable=False, comment="By urgency"),
    at("expires_at"),
    sa.PrimaryKeyConstraint("connection", "holder"),
    comment="Parts of a quota in the hands of processes; a dead one's come back by expiry",
)  # fmt: skip

quota_spent = sa.Table(
    "quota_spent", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    text("connection"),
    sa.Column("calls", sa.Integer, nullable=False),
    at("at"),
    comment="Calls that ended within the stretch of time that a quota is for",
)  # fmt: skip
sa.Index("quota_spent_connection_idx", quota_spent.c.connection, quota_spent.c.at)

quota_use = sa.Table(
    "quota_use", metadata,
    text("connection"),
    at("since"),
    sa.Column("urgency", sa.SmallInteger, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("connection", "since", "urgency"),
    comment="Calls made, in stretches of ten minutes",
)  # fmt: skip

circuit = sa.Table(
    "circuit", metadata,
    sa.Column("connection", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    at("opened_at", nullable=True),
    text("reason", nullable=True),
    sa.Column("pause", sa.Interval, nullable=True, comment="From one probe to the next"),
    at("probe_at", nullable=True),
    text("probed_by", nullable=True),
    at("probe_until", nullable=True),
    at("closed_at", nullable=True),
    comment="Whether a connection is called at all: not while its system is away",
)  # fmt: skip
