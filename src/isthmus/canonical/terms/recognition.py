"""Terms of revenue: by which method a contract is earned, and what the estimate says."""

from datetime import date
from decimal import Decimal

from isthmus.canonical.base import Value
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.kit.money import Money


class RecognitionTerms(Value):
    """`expected_cost` and `expected_hours` are estimates at completion, not budgets sold."""

    method: RecognitionMethod
    price: Money | None = None
    """Absent: the contract's value with its amendments."""
    starts_on: date | None = None
    ends_on: date | None = None
    expected_cost: Money | None = None
    expected_hours: Decimal | None = None
