"""A key figure: what it is in words, and the one statement that gives the rows behind it.

The rows are `kind, id, label, legal_entity, at, value, weight, currency`; the figure is made of
them by one of the ways below, so that whoever opens the figure finds exactly what it counts.
Statements may use `:since` and `:until` (the window), `:zone` (the firm's time zone) and `:erp`
(spaces of the ledgers' ids).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from isthmus.rules.problems import Owner

MONTH = timedelta(days=30)


class Unit(StrEnum):
    HOURS = "hours"
    DAYS = "days"
    SECONDS = "seconds"
    MILLISECONDS = "ms"
    PERCENT = "%"
    COUNT = "count"
    MONEY = "money"


class Way(StrEnum):
    """How the figure is made of its rows."""

    MEDIAN = "median"
    WEIGHTED_MEAN = "mean, weighted"
    SHARE = "share"
    SUM = "sum"
    COUNT = "count"
    HIGHEST = "highest"
    P95 = "95th percentile, weighted"


@dataclass(frozen=True)
class Kpi:
    """All are the better the lower. `by_entity`: its rows belong to companies of the firm."""

    name: str
    title: str
    unit: Unit
    way: Way
    formula: str
    owner: Owner
    rows: str
    by_entity: bool = True
    window: timedelta | None = MONTH
    """None: as things stand; what it was before is in the series by day alone."""
    needs: str | None = None
    """Table without which there is nothing to count."""
