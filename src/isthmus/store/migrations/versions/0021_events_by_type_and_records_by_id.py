"""Key figures read events of a type, and an id that somebody quotes names a record of any kind:
both went through the whole table.
"""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_index("event_type_idx", "event", ["type", "position"])
    op.create_index("record_id_idx", "record", ["id"])


def downgrade() -> None:
    op.drop_index("record_id_idx", "record")
    op.drop_index("event_type_idx", "event")
