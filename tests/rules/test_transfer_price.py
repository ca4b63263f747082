from decimal import Decimal

import pytest
from tests.rules.facts import eur, usd

from isthmus.kit.money import Money
from isthmus.rules.refusal import Unusable
from isthmus.rules.transfer_price import TransferMethod, transfer_price


@pytest.mark.parametrize(
    ("method", "percent", "hours", "basis", "price"),
    [
        ("cost", None, "10", eur("88.00"), eur("880.00")),
        ("cost_plus", "10", "7.5", eur("80.33"), eur("662.72")),  # 662.7225
        ("cost_plus", "0", "8", eur("80.00"), eur("640.00")),
        ("percent_of_client_rate", "60", "10", usd("2000.00"), usd("1200.00")),
        ("percent_of_client_rate", "62.5", "1", usd("0.01"), usd("0.01")),
    ],
)
def test_the_price_of_hours(
    method: str, percent: str | None, hours: str, basis: Money, price: Money
) -> None:
    part = None if percent is None else Decimal(percent)
    assert transfer_price(TransferMethod(method), part, Decimal(hours), basis) == price


@pytest.mark.parametrize(("method", "percent"), [("cost", "5"), ("cost_plus", None)])
def test_a_percentage_that_does_not_fit_is_refused(method: str, percent: str | None) -> None:
    part = None if percent is None else Decimal(percent)
    with pytest.raises(Unusable, match=r"policies\.intercompany"):
        transfer_price(TransferMethod(method), part, Decimal(1), eur("80"))
