"""Accounts, sessions and keys; an audit that rows are only added to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

TABLES = (
    "audit_head", "audit", "signing_key", "api_key", "log_in_failure", "session", "account_grant",
    "account",
)  # fmt: skip
REFUSE = """create function audit_is_kept() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is append-only: % is refused', tg_op using errcode = '42501';
end $$"""
FORWARD = """create function audit_head_goes_on() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE' or new.number <> old.number + 1 then
        raise exception 'the head of the audit goes on by one: % is refused', tg_op
            using errcode = '42501';
    end if;
    return new;
end $$"""


def _instant(name: str, *, nullable: bool = False, now: bool = True) -> "sa.Column[object]":
    default = sa.text("clock_timestamp()") if now and not nullable else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _text(name: str, *, nullable: bool = False, comment: str | None = None) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _bytes(name: str, comment: str | None = None) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=False, comment=comment)


def _account() -> "sa.Column[str]":
    return sa.Column("account", sa.UUID(as_uuid=False), nullable=False)


def _to_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account"], ["account.id"], name=op.f(f"{table}_account_fkey"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        _text("name", comment="Log-in name of a person, name of a machine; small letters"),
        _text("shown"),
        _text("kind", comment="person, machine"),
        _text("password", nullable=True, comment="argon2id; none: another way in"),
        sa.Column("must_change", sa.Boolean(), server_default=sa.false(), nullable=False),
        _text("issuer", nullable=True, comment="Of the provider that knows the person"),
        _text("subject", nullable=True),
        _instant("created_at"),
        _text("created_by"),
        _instant("disabled_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("account_pkey")),
        sa.UniqueConstraint("name", name=op.f("account_name_key")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("account_issuer_subject_key")),
        comment="People and machines that may ask",
    )
    op.create_table(
        "account_grant",
        _account(),
        _text("role"),
        _text("scope", comment="Code of a legal entity or name of a region; empty: the whole firm"),
        _to_account("account_grant"),
        sa.PrimaryKeyConstraint("account", "role", "scope", name=op.f("account_grant_pkey")),
        comment="Roles of accounts, and where in the firm each holds",
    )
    op.create_table(
        "session",
        _bytes("digest", "SHA-256 of the cookie"),
        _account(),
        _instant("begun_at"),
        _instant("seen_at"),
        _instant("ends_at", now=False),
        _text("address", nullable=True),
        _to_account("session"),
        sa.PrimaryKeyConstraint("digest", name=op.f("session_pkey")),
        comment="Who is logged in; a row is deleted when it ends",
    )
    op.create_index("session_account_idx", "session", ["account"])
    op.create_table(
        "log_in_failure",
        _text("name"),
        _text("address"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column(
            "until", sa.DateTime(timezone=True), nullable=False,
            comment="Until then no password is looked at",
        ),
        _instant("last_at"),
        sa.PrimaryKeyConstraint("name", "address", name=op.f("log_in_failure_pkey")),
        comment="Wrong passwords in a row, for each account and address",
    )  # fmt: skip
    op.create_table(
        "api_key",
        _text("id", comment="The part of the key that is no secret"),
        _account(),
        _bytes("digest", "SHA-256 of the secret"),
        sa.Column(
            "scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=True,
            comment="Permissions; none: all of its roles",
        ),
        _instant("created_at"),
        _text("created_by"),
        _instant("expires_at", now=False),
        _instant("used_at", nullable=True),
        _instant("revoked_at", nullable=True),
        _to_account("api_key"),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
        comment="Keys of machines",
    )  # fmt: skip
    op.create_index("api_key_account_idx", "api_key", ["account"])
    op.create_table(
        "signing_key",
        _text("id"),
        _bytes("sealed", "Encrypted with ISTHMUS_SECRET_KEY, or the key file of the installation"),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("signing_key_pkey")),
        comment="Keys that sign what this installation gives out",
    )
    _audit()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        _instant("at", now=False),
        _text("principal"),
        _text("action"),
        _text("object_kind", nullable=True),
        _text("object_id", nullable=True),
        _text("reason", nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _text("correlation_id", nullable=True),
        _bytes("hash", "SHA-256 of the hash before and this row as canonical JSON"),
        sa.PrimaryKeyConstraint("number", name=op.f("audit_pkey")),
        comment="Who did what, when and why, before and after; rows are added only",
    )
    op.create_index("audit_object_idx", "audit", ["object_kind", "object_id"])
    op.create_index("audit_principal_idx", "audit", ["principal"])
    op.create_table(
        "audit_head",
        sa.Column("one", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        _bytes("hash"),
        sa.PrimaryKeyConstraint("one", name=op.f("audit_head_pkey")),
        sa.CheckConstraint("one", name=op.f("audit_head_one_check")),
        comment="One row: the last row of the audit; who adds one holds it",
    )
    op.execute("insert into audit_head (number, hash) values (0, decode(repeat('00', 32), 'hex'))")
    op.execute(REFUSE)
    op.execute(FORWARD)
    op.execute(
        "create trigger audit_kept before update or delete or truncate on audit "
        "for each statement execute function audit_is_kept()"
    )
    op.execute(
        "create trigger audit_head_kept before delete or truncate on audit_head "
        "for each statement execute function audit_is_kept()"
    )
    op.execute(
        "create trigger audit_head_on before update on audit_head "
        "for each row execute function audit_head_goes_on()"
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("drop function audit_is_kept()")
    op.execute("drop function audit_head_goes_on()")
