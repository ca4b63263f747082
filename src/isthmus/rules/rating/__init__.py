"""Rating: the price of an hour on the day it was worked, and why it is that price.

The order of scopes is data (`Scope`, `DEFAULT_SCOPES`); the first scope with a price for the day
decides, and in it the narrowest price. The work date decides, never the approval or invoice date.
A missing price is a fact to hold, never zero (D365 bills zero on failure: articles
psa/FAQ-zero-price-time-sales-actuals). A price in another currency is not a price: nothing is
converted.

Assignment rates are off by default. Certinia copies the rate card's suggestion into the
assignment when the assignment is made (help: SettingUpRateCards), so after a re-pricing the
assignment still carries the old suggestion, and reading it as an agreement would undo the new
card for every running project. A firm whose assignments are agreements names
`person_on_assignment` in its order.
"""

from isthmus.rules.rating.book import RateBook
from isthmus.rules.rating.checks import check_book
from isthmus.rules.rating.query import Override, RateQuery, query_for
from isthmus.rules.rating.result import Rated, Tried, Unrated
from isthmus.rules.rating.scopes import (
    COST_SCOPES,
    DEFAULT_SCOPES,
    LIST_SCOPES,
    Scope,
    scope_of,
)
from isthmus.rules.rating.timeline import Overlap, Price

__all__ = [
    "COST_SCOPES",
    "DEFAULT_SCOPES",
    "LIST_SCOPES",
    "Overlap",
    "Override",
    "Price",
    "RateBook",
    "RateQuery",
    "Rated",
    "Scope",
    "Tried",
    "Unrated",
    "check_book",
    "query_for",
    "scope_of",
]
