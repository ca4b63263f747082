"""The database itself refuses to change or delete a rated fact, and to move an invoiced one."""

from alembic import op

revision = "0003"
down_revision = "0002"

REFUSE = """
CREATE FUNCTION fact_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'fact % is not to be %: %', OLD.id, lower(TG_OP) || 'd', TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
RATED = (
    "id, source_kind, source_id, source_version, reversal_of, contract, project, resource, role, "
    "happened_on, hours, billed_hours, rate, amount, currency, description, cost_centre, "
    "profit_centre, legal_entity, rate_card, trail, run_id, rated_at"
)


def upgrade() -> None:
    op.execute(REFUSE)
    op.execute(
        f"CREATE TRIGGER fact_append_only BEFORE DELETE OR UPDATE OF {RATED} ON fact "
        "FOR EACH ROW EXECUTE FUNCTION fact_refused('it is corrected by a reversal')"
    )
    op.execute(
        "CREATE TRIGGER fact_frozen BEFORE UPDATE OF invoice, invoice_line ON fact "
        "FOR EACH ROW WHEN (OLD.invoice IS NOT NULL) "
        "EXECUTE FUNCTION fact_refused('it is on an invoice, which only a credit memo corrects')"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER fact_frozen ON fact")
    op.execute("DROP TRIGGER fact_append_only ON fact")
    op.execute("DROP FUNCTION fact_refused()")
