"""Rated facts, and what companies charge each other for them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from isthmus.store.columns import at, id_column, metadata, money, text, uuid

fact = sa.Table(
    "fact", metadata,
    id_column(),
    text("source_kind"),
    uuid("source_id", nullable=False),
    sa.Column("source_version", sa.Integer, nullable=False),
    uuid("reversal_of"),
    uuid("contract", nullable=False),
    uuid("project", nullable=False),
    uuid("resource"),
    text("role", nullable=True),
    sa.Column("happened_on", sa.Date, nullable=False),
    money("hours"),
    money("billed_hours"),
    money("rate"),
    money("amount"),
    text("currency"),
    text("description"),
    uuid("cost_centre"),
    uuid("profit_centre"),
    text("legal_entity"),
    uuid("rate_card"),
    sa.Column("trail", JSONB, nullable=False),
    text("run_id"),
    at("rated_at"),
    text("posted_as", nullable=True),
    at("posted_at", nullable=True),
    uuid("invoice"),
    sa.Column("invoice_line", sa.Integer, nullable=True),
    uuid("credit_memo"),
    sa.Column("in_part", sa.Boolean, nullable=False, server_default=sa.false(),
              comment="Takes back a part of an amount, and leaves the fact in force"),
    sa.Column("part", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("charging", sa.Text, nullable=False, server_default="charged"),
    sa.Column("pricing", JSONB, nullable=False, server_default="{}",
              comment="What its price has beside a rate per hour; absent: the usual"),
    comment="Append-only ledger of rated facts; corrected by reversal, frozen once invoiced",
)  # fmt: skip
sa.Index("fact_source_idx", fact.c.source_kind, fact.c.source_id, fact.c.source_version,
         fact.c.part, unique=True, postgresql_where=fact.c.reversal_of.is_(None))  # fmt: skip
sa.Index("fact_reversal_of_idx", fact.c.reversal_of, unique=True,
         postgresql_where=sa.and_(fact.c.reversal_of.is_not(None), ~fact.c.in_part))  # fmt: skip
sa.Index("fact_reversed_in_part_idx", fact.c.reversal_of, postgresql_where=fact.c.in_part)
sa.Index("fact_credit_memo_idx", fact.c.credit_memo,
         postgresql_where=fact.c.credit_memo.is_not(None))  # fmt: skip
sa.Index("fact_contract_unbilled_idx", fact.c.contract,
         postgresql_where=fact.c.invoice.is_(None))  # fmt: skip
sa.Index("fact_run_id_idx", fact.c.run_id, postgresql_where=fact.c.reversal_of.is_(None))
sa.Index("fact_invoice_idx", fact.c.invoice, postgresql_where=fact.c.invoice.is_not(None))

transfer = sa.Table(
    "transfer", metadata,
    id_column(),
    sa.Column("posting", UUID(as_uuid=False), nullable=False,
              comment="The pair of journal entries that it is part of"),
    uuid("source_id", nullable=False),
    uuid("fact", nullable=False),
    sa.Column("month", sa.Date, nullable=False, comment="Its first day"),
    text("performing"),
    text("contracting"),
    text("method"),
    money("percent", nullable=True),
    sa.Column("hours", sa.Numeric, nullable=False),
    money("basis", nullable=True),
    money("amount"),
    text("currency"),
    text("run_id"),
    at("recorded_at"),
    comment="What companies of the firm charge each other for an entry; append-only differences",
)  # fmt: skip
sa.Index("transfer_source_idx", transfer.c.source_id)
sa.Index("transfer_posting_idx", transfer.c.posting)
