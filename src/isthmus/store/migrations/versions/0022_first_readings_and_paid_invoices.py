"""What a system was not read for to the end cannot be told from what it does not have. A kind that
was read before is taken as read: the next reading goes on where the last one stopped.

What a payment is applied to was named by the ledger's own ids: these stay beside, and the invoices
that are known are named as everywhere else.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

NAMED = """update record r
set updated_at = clock_timestamp(), data = jsonb_set(data, '{applications}', (
    select jsonb_agg(a || jsonb_build_object(
        'ledger_invoice', a->'invoice',
        'invoice', coalesce(to_jsonb(known.id::text), a->'invoice')) order by place)
    from jsonb_array_elements(r.data->'applications') with ordinality as one(a, place)
    left join lateral (
        select i.canonical_id as id from xref p join xref i using (space)
        where p.kind = 'payment' and p.canonical_id = r.id
            and i.kind = 'invoice' and i.external_id = a->>'invoice'
        limit 1) known on true))
where kind = 'payment' and jsonb_array_length(data->'applications') > 0"""
UNNAMED = """update record r
set updated_at = clock_timestamp(), data = jsonb_set(data, '{applications}', (
    select jsonb_agg(a - 'ledger_invoice' || jsonb_build_object(
        'invoice', coalesce(a->'ledger_invoice', a->'invoice')) order by place)
    from jsonb_array_elements(r.data->'applications') with ordinality as one(a, place)))
where kind = 'payment' and jsonb_array_length(data->'applications') > 0"""


def upgrade() -> None:
    op.add_column(
        "watermark",
        sa.Column(
            "first_read_at", sa.DateTime(timezone=True), nullable=True,
            comment="When the first reading came to its end, shown or refused",
        ),
    )  # fmt: skip
    op.execute("update watermark set first_read_at = updated_at where state ? 'position'")
    op.execute(NAMED)


def downgrade() -> None:
    op.execute(UNNAMED)
    op.drop_column("watermark", "first_read_at")
