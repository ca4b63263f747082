"""Terms: how one contract is billed and earned, as data. One file per area; all optional.

A term that is absent changes nothing. Conventions that firms and products choose differently are
enumerations here, each with its default and the source of the default.
"""

from isthmus.canonical.terms.caps import Cap, CapLevel, CapPeriod, CapPolicy
from isthmus.canonical.terms.cost_plus import CostPlusTerms
from isthmus.canonical.terms.expenses import (
    Allowance,
    CategoryRule,
    Excess,
    ExpenseTerms,
    FeeBase,
    MarkupBase,
    MileageTier,
    PerDiem,
)
from isthmus.canonical.terms.fixed_fee import (
    Acceptance,
    DeemedDay,
    FixedFeeTerms,
    LateDamages,
    PayerShare,
    PlannedInstalment,
    ProgressDecrease,
    RetentionTax,
)
from isthmus.canonical.terms.recognition import RecognitionTerms
from isthmus.canonical.terms.retainer import (
    Deposit,
    DrawOrder,
    HourBlock,
    HourRetainer,
    MoneyRetainer,
    Overrun,
)
from isthmus.canonical.terms.subscription import (
    BillingInterval,
    BillingTiming,
    Indexation,
    LastDay,
    SubscriptionTerms,
)
from isthmus.canonical.terms.time import (
    DayPremium,
    DayRate,
    HalfCent,
    Overtime,
    RoundingGrain,
    RoundingMode,
    Stacking,
    TimeRounding,
    TimeTerms,
    VolumeTier,
    Weekday,
)

__all__ = [
    "Acceptance", "Allowance", "BillingInterval", "BillingTiming", "Cap", "CapLevel", "CapPeriod",
    "CapPolicy", "CategoryRule", "CostPlusTerms", "DayPremium", "DayRate", "DeemedDay", "Deposit",
    "DrawOrder", "Excess", "ExpenseTerms", "FeeBase", "FixedFeeTerms", "HalfCent", "HourBlock",
    "HourRetainer", "Indexation", "LastDay", "LateDamages", "MarkupBase", "MileageTier",
    "MoneyRetainer", "Overrun", "Overtime", "PayerShare", "PerDiem", "PlannedInstalment",
    "ProgressDecrease", "RecognitionTerms", "RetentionTax", "RoundingGrain", "RoundingMode",
    "Stacking", "SubscriptionTerms", "TimeRounding", "TimeTerms", "VolumeTier", "Weekday",
]  # fmt: skip
