"""Requests of the API that are done once, however often they are sent."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from isthmus.store.columns import at, metadata, text

answer = sa.Table(
    "answer", metadata,
    text("principal"),
    sa.Column("key", sa.Text, nullable=False, comment="The caller's Idempotency-Key"),
    sa.Column("digest", sa.LargeBinary, nullable=False,
              comment="SHA-256 of method, path, query and body"),
    at("asked_at"),
    sa.Column("status", sa.SmallInteger, nullable=True, comment="None while it is at work"),
    sa.Column("headers", JSONB(none_as_null=True), nullable=True),
    sa.Column("body", sa.LargeBinary, nullable=True),
    sa.PrimaryKeyConstraint("principal", "key"),
    comment="Answers of the API by idempotency key, kept for a day",
)  # fmt: skip
sa.Index("answer_asked_at_idx", answer.c.asked_at)
