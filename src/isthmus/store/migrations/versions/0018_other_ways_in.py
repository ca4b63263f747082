"""Log-in through a provider, and secrets of OAuth clients beside API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def _text(name: str, *, nullable: bool = False, comment: str | None = None) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _instant(name: str, *, nullable: bool, comment: str | None = None) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def upgrade() -> None:
    op.create_table(
        "sign_in",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the cookie"),
        _text("provider"),
        _text("state"),
        _text("nonce"),
        _text("verifier", comment="Of the proof key, RFC 7636"),
        _text("next", comment="Where to go on to"),
        _instant("ends_at", nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("sign_in_pkey")),
        comment="People who were sent to a provider and are not back; a row is used once",
    )
    op.add_column(
        "session", _text("provider", nullable=True, comment="Name of who knew the person")
    )
    op.add_column(
        "session", _text("id_token", nullable=True, comment="For logging out there as well")
    )
    op.add_column(
        "api_key",
        sa.Column("kind", sa.Text(), server_default="key", nullable=False,
                  comment="key: sent as it is; secret: of an OAuth client"),
    )  # fmt: skip
    op.add_column(
        "signing_key",
        _instant("retired_at", nullable=True, comment="From then on it signs nothing"),
    )


def downgrade() -> None:
    op.drop_column("signing_key", "retired_at")
    op.drop_column("api_key", "kind")
    op.drop_column("session", "id_token")
    op.drop_column("session", "provider")
    op.drop_table("sign_in")
