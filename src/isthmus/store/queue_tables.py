"""Tables of the exception queues: what is said of holds, done to many, told to service desks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from isthmus.store.columns import metadata

_INSTANT = sa.DateTime(timezone=True)
_NOW = sa.func.clock_timestamp()

comment = sa.Table(
    "comment", metadata,
    sa.Column("id", UUID(as_uuid=False), primary_key=True),
    sa.Column("hold", sa.BigInteger, sa.ForeignKey("hold.number"), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("said_by", sa.Text, nullable=False),
    sa.Column("said_at", _INSTANT, nullable=False, server_default=_NOW),
    sa.Column("dedup_key", sa.Text, nullable=True, unique=True,
              comment="Of a comment that came from a service desk: its message"),
    comment="What people say about a hold",
)  # fmt: skip
sa.Index("comment_hold_idx", comment.c.hold)

bulk = sa.Table(
    "bulk", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("act", sa.Text, nullable=False, comment="replay, resolve, assign, comment"),
    sa.Column("arguments", JSONB, nullable=False),
    sa.Column("filter", JSONB, nullable=False),
    sa.Column("per_second", sa.Numeric, nullable=False),
    sa.Column("state", sa.Text, nullable=False,
              comment="awaiting_approval, running, done, declined"),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _INSTANT, nullable=False, server_default=_NOW),
    sa.Column("decided_by", sa.Text, nullable=True),
    sa.Column("decided_at", _INSTANT, nullable=True),
    sa.Column("ended_at", _INSTANT, nullable=True),
    comment="One act on every hold that a filter found when it was asked for",
)  # fmt: skip

bulk_hold = sa.Table(
    "bulk_hold", metadata,
    sa.Column("bulk", sa.BigInteger, sa.ForeignKey("bulk.number"), nullable=False),
    sa.Column("hold", sa.BigInteger, sa.ForeignKey("hold.number"), nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting",
              comment="waiting, done, nothing_to_do, still_held, refused"),
    sa.Column("message", sa.Text, nullable=True),
    sa.Column("ended_at", _INSTANT, nullable=True),
    sa.PrimaryKeyConstraint("bulk", "hold"),
    comment="The holds of a bulk act, and how each went",
)  # fmt: skip
sa.Index("bulk_hold_hold_idx", bulk_hold.c.hold)

notice = sa.Table(
    "notice", metadata,
    sa.Column("desk", sa.Text, nullable=False),
    sa.Column("hold", sa.BigInteger, sa.ForeignKey("hold.number"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="opened, overdue, over"),
    sa.Column("round", sa.Integer, nullable=False,
              comment="From 1; a hold that stops again after the desk closed it is told again"),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting",
              comment="waiting, told, dropped"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", _INSTANT, nullable=False, server_default=_NOW),
    sa.Column("told_at", _INSTANT, nullable=True),
    sa.Column("reference", sa.Text, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("closed_at", _INSTANT, nullable=True,
              comment="When the desk closed it"),
    sa.PrimaryKeyConstraint("desk", "hold", "kind", "round"),
    comment="What service desks are told of holds, and what they call them",
)  # fmt: skip
sa.Index("notice_waiting_idx", notice.c.next_at,
         postgresql_where=notice.c.state == "waiting")  # fmt: skip
sa.Index("notice_reference_idx", notice.c.desk, notice.c.reference)
