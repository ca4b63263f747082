"""What the engine runs for reconciliations."""

from isthmus.engine import Flow
from isthmus.reconcile.repairing import reconciliation_repair
from isthmus.reconcile.running import reconciliation

RECONCILING: tuple[Flow, ...] = (reconciliation, reconciliation_repair)
