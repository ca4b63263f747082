"""Key figures of the business, from our own records."""

from isthmus.observe.kpis.billing import (
    CLOSE_IMPACT,
    INVOICE_EXCEPTIONS,
    MILESTONE_TO_INVOICE,
    TIME_TO_BILL,
    UNBILLED,
)
from isthmus.observe.kpis.definition import Kpi, Unit, Way
from isthmus.observe.kpis.delivery import (
    APPROVALS,
    PROJECTS_WITHOUT_ERP,
    QUOTE_TO_PROJECT,
    UTILISATION_FRESHNESS,
)
from isthmus.observe.kpis.operation import API_LATENCY, BACKLOG, SYNC_FAILURES, SYNC_LAG
from isthmus.observe.kpis.reading import Figure, Figures, keep_when_due
from isthmus.observe.kpis.trends import Trend, trends_of

KPIS: tuple[Kpi, ...] = (
    QUOTE_TO_PROJECT,
    TIME_TO_BILL,
    INVOICE_EXCEPTIONS,
    UNBILLED,
    PROJECTS_WITHOUT_ERP,
    MILESTONE_TO_INVOICE,
    SYNC_LAG,
    SYNC_FAILURES,
    BACKLOG,
    UTILISATION_FRESHNESS,
    API_LATENCY,
    CLOSE_IMPACT,
    APPROVALS,
)
BY_NAME = {kpi.name: kpi for kpi in KPIS}

__all__ = [
    "APPROVALS", "BY_NAME", "KPIS", "Figure", "Figures", "Kpi", "Trend", "Unit", "Way",
    "keep_when_due", "trends_of",
]  # fmt: skip
