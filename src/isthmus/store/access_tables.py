"""Accounts, their roles, sessions and keys, and the audit."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from isthmus.store.columns import at, id_column, metadata, text


def _of_account() -> sa.Column[str]:
    return sa.Column(
        "account", UUID(as_uuid=False), sa.ForeignKey("account.id", ondelete="CASCADE"),
        nullable=False,
    )  # fmt: skip


account = sa.Table(
    "account", metadata,
    id_column(),
    sa.Column("name", sa.Text, nullable=False, unique=True,
              comment="Log-in name of a person, name of a machine; small letters"),
    text("shown"),
    sa.Column("kind", sa.Text, nullable=False, comment="person, machine"),
    sa.Column("password", sa.Text, nullable=True, comment="argon2id; none: another way in"),
    sa.Column("must_change", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("issuer", sa.Text, nullable=True, comment="Of the provider that knows the person"),
    text("subject", nullable=True),
    at("created_at"),
    text("created_by"),
    at("disabled_at", nullable=True),
    sa.UniqueConstraint("issuer", "subject"),
    comment="People and machines that may ask",
)  # fmt: skip

account_grant = sa.Table(
    "account_grant", metadata,
    _of_account(),
    text("role"),
    sa.Column("scope", sa.Text, nullable=False,
              comment="Code of a legal entity or name of a region; empty: the whole firm"),
    sa.PrimaryKeyConstraint("account", "role", "scope"),
    comment="Roles of accounts, and where in the firm each holds",
)  # fmt: skip

session = sa.Table(
    "session", metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of the cookie"),
    _of_account(),
    at("begun_at"),
    at("seen_at"),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("address", sa.Text, nullable=True),
    sa.Column("provider", sa.Text, nullable=True, comment="Name of who knew the person"),
    sa.Column("id_token", sa.Text, nullable=True, comment="For logging out there as well"),
    comment="Who is logged in; a row is deleted when it ends",
)  # fmt: skip
sa.Index("session_account_idx", session.c.account)

log_in_failure = sa.Table(
    "log_in_failure", metadata,
    text("name"),
    text("address"),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False,
              comment="Until then no password is looked at"),
    at("last_at"),
    sa.PrimaryKeyConstraint("name", "address"),
    comment="Wrong passwords in a row, for each account and address",
)  # fmt: skip

sign_in = sa.Table(
    "sign_in", metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of the cookie"),
    text("provider"),
    text("state"),
    text("nonce"),
    sa.Column("verifier", sa.Text, nullable=False, comment="Of the proof key, RFC 7636"),
    sa.Column("next", sa.Text, nullable=False, comment="Where to go on to"),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    comment="People who were sent to a provider and are not back; a row is used once",
)  # fmt: skip

api_key = sa.Table(
    "api_key", metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="The part of the key that is no secret"),
    _of_account(),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of the secret"),
    sa.Column("scopes", JSONB, nullable=True, comment="Permissions; none: all of its roles"),
    at("created_at"),
    text("created_by"),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    at("used_at", nullable=True),
    at("revoked_at", nullable=True),
    sa.Column("kind", sa.Text, nullable=False, server_default="key",
              comment="key: sent as it is; secret: of an OAuth client"),
    comment="Keys of machines",
)  # fmt: skip
sa.Index("api_key_account_idx", api_key.c.account)

signing_key = sa.Table(
    "signing_key", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False,
              comment="Encrypted with ISTHMUS_SECRET_KEY, or the key file of the installation"),
    at("created_at"),
    sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True,
              comment="From then on it signs nothing"),
    comment="Keys that sign what this installation gives out",
)  # fmt: skip

erasure = sa.Table(
    "erasure", metadata,
    id_column(),
    text("kind"),
    sa.Column("subject", UUID(as_uuid=False), nullable=False),
    text("pseudonym"),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("digests", JSONB, nullable=False,
              comment="Attribute to HMAC-SHA256 of what it was, under the salt"),
    text("erased_by"),
    at("erased_at"),
    comment="People whose data was erased, to be known again without it",
)  # fmt: skip
sa.Index("erasure_subject_idx", erasure.c.subject)

audit = sa.Table(
    "audit", metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    text("principal"),
    text("action"),
    text("object_kind", nullable=True),
    text("object_id", nullable=True),
    text("reason", nullable=True),
    sa.Column("before", JSONB, nullable=False),
    sa.Column("after", JSONB, nullable=False),
    text("correlation_id", nullable=True),
    sa.Column("hash", sa.LargeBinary, nullable=False,
              comment="SHA-256 of the hash before and this row as canonical JSON"),
    sa.Column("nonce", sa.Text, nullable=True,
              comment="Random, hashed with the row; removed where a person's data was erased "
              "from it"),
    comment="Who did what, when and why, before and after; rows are added only",
)  # fmt: skip
sa.Index("audit_object_idx", audit.c.object_kind, audit.c.object_id)
sa.Index("audit_principal_idx", audit.c.principal)

audit_head = sa.Table(
    "audit_head", metadata,
    sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("one", name="one"),
    comment="One row: the last row of the audit; who adds one holds it",
)  # fmt: skip
