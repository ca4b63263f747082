"""A person's data can be erased: where, by whom, under which pseudonym; and what that may change in
facts and in the audit, which otherwise nobody changes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"

ERASING = "tg_op = 'UPDATE' and current_setting('isthmus.erasing', true) = 'on'"
FACT = """create or replace function fact_refused() returns trigger language plpgsql as $$
begin
    if {when} then
        return new;
    end if;
    raise exception 'fact % is not to be %: %', old.id, lower(tg_op) || 'd', tg_argv[0]
        using errcode = 'integrity_constraint_violation';
end $$"""
TEXTS = (
    "to_jsonb(new) - '{description,trail}'::text[] = to_jsonb(old) - '{description,trail}'::text[]"
)
ACT = """create or replace function reconciliation_act_refused() returns trigger
language plpgsql as $$
begin
    if {when} then
        return new;
    end if;
    raise exception 'act % is not to be %: what was done stays', old.number, lower(tg_op) || 'd'
        using errcode = 'integrity_constraint_violation';
end $$"""
NOTE = "to_jsonb(new) - 'note' = to_jsonb(old) - 'note'"
AUDIT = """create or replace function audit_is_kept() returns trigger language plpgsql as $$
begin
    if {when} and tg_table_name = 'audit' then
        return null;
    end if;
    raise exception 'the audit is append-only: % is refused', tg_op using errcode = '42501';
end $$"""
ROW = """create function audit_keeps_its_acts() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - '{reason,before,after,nonce}'::text[]
        <> to_jsonb(old) - '{reason,before,after,nonce}'::text[] then
        raise exception 'the audit is append-only: an act is not changed' using errcode = '42501';
    end if;
    return new;
end $$"""


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column(
            "digests", postgresql.JSONB(astext_type=sa.Text()), nullable=False,
            comment="Attribute to HMAC-SHA256 of what it was, under the salt",
        ),
        sa.Column("erased_by", sa.Text(), nullable=False),
        sa.Column(
            "erased_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("erasure_pkey")),
        comment="People whose data was erased, to be known again without it",
    )  # fmt: skip
    op.create_index("erasure_subject_idx", "erasure", ["subject"])
    op.add_column(
        "audit",
        sa.Column(
            "nonce", sa.Text(), nullable=True,
            comment="Random, hashed with the row; removed where a person's data was erased from it",
        ),
    )  # fmt: skip
    op.execute(FACT.replace("{when}", f"{ERASING} and {TEXTS}"))
    op.execute(ACT.replace("{when}", f"{ERASING} and {NOTE}"))
    op.execute(AUDIT.replace("{when}", ERASING))
    op.execute(ROW)
    op.execute(
        "create trigger audit_act_kept before update on audit "
        "for each row execute function audit_keeps_its_acts()"
    )


def downgrade() -> None:
    op.execute("drop trigger audit_act_kept on audit")
    op.execute("drop function audit_keeps_its_acts()")
    op.execute(AUDIT.replace("{when}", "false"))
    op.execute(ACT.replace("{when}", "false"))
    op.execute(FACT.replace("{when}", "false"))
    op.drop_column("audit", "nonce")
    op.drop_table("erasure")
