"""Mistakes that one key alone does not show: names of nothing, days in the wrong order.

Each check reads what it needs of the file and passes over what is reported already, so that one
mistake does not hide another.
"""

from __future__ import annotations

from typing import Any

from isthmus.landscape.document import Document
from isthmus.scenario.checks.agreements import check_agreements
from isthmus.scenario.checks.credits import check_credits
from isthmus.scenario.checks.currencies import check_currencies
from isthmus.scenario.checks.days import check_days
from isthmus.scenario.checks.names import check_names
from isthmus.scenario.checks.parts import Parts
from isthmus.scenario.checks.revenue import check_revenue


def check_meaning(document: Document, context: dict[str, Any]) -> None:
    parts = Parts.of(document, context)
    for check in (
        check_names, check_days, check_currencies, check_agreements, check_revenue, check_credits,
    ):  # fmt: skip
        check(parts)
