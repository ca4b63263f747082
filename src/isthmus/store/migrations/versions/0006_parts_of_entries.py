"""An entry may have several facts at once, one for each of its prices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

SOURCE = ["source_kind", "source_id", "source_version"]


def upgrade() -> None:
    op.add_column("fact", sa.Column("part", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column(
        "fact", sa.Column("charging", sa.Text(), server_default="charged", nullable=False)
    )
    op.add_column(
        "fact",
        sa.Column(
            "pricing",
            JSONB(),
            server_default="{}",
            nullable=False,
            comment="What its price has beside a rate per hour; absent: the usual",
        ),
    )
    _one_per([*SOURCE, "part"])
    op.execute(
        "CREATE TRIGGER fact_priced BEFORE UPDATE OF part, charging, pricing ON fact "
        "FOR EACH ROW EXECUTE FUNCTION fact_refused('it is corrected by a reversal')"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER fact_priced ON fact")
    _one_per(SOURCE)
    op.drop_column("fact", "pricing")
    op.drop_column("fact", "charging")
    op.drop_column("fact", "part")


def _one_per(columns: list[str]) -> None:
    op.drop_index("fact_source_idx", table_name="fact")
    op.create_index(
        "fact_source_idx",
        "fact",
        columns,
        unique=True,
        postgresql_where=sa.text("reversal_of IS NULL"),
    )
