"""Terms: how one contract is billed and earned, as data. One file per area; all optional.

A term that is absent changes nothing. Conventions that firms and products choose differently are
enumerations here, each with its default and the source of the default.
"""

from isthmus.canonical.terms.caps import Cap, CapLevel, CapPeriod, CapPolicy
from isthmus.canonical.terms.expenses import (
    CategoryRule,
    ExpenseTerms,
    MarkupBase,
    MileageTier,
    PerDiem,
)
from isthmus.canonical.terms.fixed_fee import Acceptance, FixedFeeTerms, LateDamages
from isthmus.canonical.terms.recognition import RecognitionTerms
from isthmus.canonical.terms.retainer import Deposit, DrawOrder, HourRetainer, MoneyRetainer
from isthmus.canonical.terms.subscription import (
    BillingInterval,
    LastDay,
    SubscriptionTerms,
)
from isthmus.canonical.terms.time import (
    DayRate,
    Overtime,
    RoundingGrain,
    RoundingMode,
    Stacking,
    TimeRounding,
    TimeTerms,
    VolumeTier,
)

__all__ = [
    "Acceptance", "BillingInterval", "Cap", "CapLevel", "CapPeriod", "CapPolicy", "CategoryRule",
    "DayRate", "Deposit", "DrawOrder", "ExpenseTerms", "FixedFeeTerms", "HourRetainer",
    "LastDay", "LateDamages", "MarkupBase", "MileageTier", "MoneyRetainer", "Overtime", "PerDiem",
    "RecognitionTerms", "RoundingGrain", "RoundingMode", "Stacking", "SubscriptionTerms",
    "TimeRounding", "TimeTerms", "VolumeTier",
]  # fmt: skip
