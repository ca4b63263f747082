"""Real price lists: hourly labour prices that the U.S. General Services Administration publishes
with its CALC tool (CC0). `$ISTHMUS_RATE_LISTS` is the folder that holds them.
"""

import csv
import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from isthmus.canonical import RateCard
from isthmus.kit.money import Money
from isthmus.rules.rating import RateBook, Rated, RateQuery, Unrated, check_book

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("ISTHMUS_RATE_LISTS", ROOT.parent / "shared/reference/data/rates"))


def rows(name: str) -> list[dict[str, str]]:
    file = FOLDER / name
    if not file.is_file():
        pytest.skip(f"no price list at {file}; set ISTHMUS_RATE_LISTS")
    text = file.read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def day(text: str) -> date:
    """As 4/24/14 or 4/24/2014."""
    month, number, year = (int(part) for part in text.split("/"))
    return date(year if year > 99 else 2000 + year, month, number)


def price(text: str) -> Money:
    return Money.of(Decimal(text.replace(",", "").replace("$", "").strip()), "USD")


def contract_prices() -> Iterator[RateCard]:
    """One card per row that has a price and days; the contract stands for the client."""
    for number, row in enumerate(rows("gsa_calc_s70_rates.csv"), 2):
        try:
            yield RateCard(
                id=f"row-{number}",
                number=f"line {number}",
                role=row["SERVICE PROPOSED (e.g. Job Title/Task)"],
                customer=row["CONTRACT NUMBER"],
                bill_rate=price(row["PRICE OFFERED TO GSA (including IFF)"]),
                effective_from=day(row["CONTRACT START DATE"]),
                effective_to=day(row["CONTRACT END DATE"]),
            )
        except (ArithmeticError, ValueError):
            continue


def yearly_prices() -> Iterator[RateCard]:
    """Five prices a row, each for a year counted from the contract's first day."""
    for number, row in enumerate(rows("gsa_calc_hourly_prices_sample.csv"), 2):
        begins = day(row["Begin Date"])
        for year, column in enumerate(("Year 1/base", "Year 2", "Year 3", "Year 4", "Year 5")):
            if row[column]:
                yield RateCard(
                    id=f"row-{number}-{year}",
                    number=f"line {number}, {column}",
                    role=row["Labor Category"],
                    customer=row["CONTRACT ."],
                    bill_rate=price(row[column]),
                    effective_from=begins.replace(year=begins.year + year),
                    effective_to=begins.replace(year=begins.year + year + 1) - timedelta(1),
                )


def on_its_first_day(card: RateCard) -> RateQuery:
    return RateQuery(
        customer=card.customer or "",
        project="p1",
        resource="r1",
        assignment=None,
        role=card.role,
        currency="USD",
        worked_on=card.effective_from,
    )


@pytest.mark.parametrize(
    ("load", "prices", "clear", "overlaps", "backwards"),
    [(contract_prices, 4130, 2695, 2623, 15), (yearly_prices, 368, 338, 15, 0)],
)
def test_every_price_is_found_on_its_first_day_or_the_list_says_what_is_wrong(
    load: Callable[[], Iterator[RateCard]], prices: int, clear: int, overlaps: int, backwards: int
) -> None:
    cards = list(load())
    book = RateBook.build(cards)
    found = [(card, book.resolve(on_its_first_day(card))) for card in cards]
    own = [card for card, rate in found if isinstance(rate, Rated) and rate.source_id == card.id]
    doubtful = [(card, rate) for card, rate in found if isinstance(rate, Unrated)]
    told = [p.reason for p in check_book(cards)]

    rivals = [(card, rate) for card, rate in doubtful if rate.code == "rate_ambiguous"]
    assert all(card.number in rate.reason for card, rate in rivals)
    assert len(doubtful) - len(rivals) == backwards
    assert len(own) + len(doubtful) == len(cards)
    assert len(cards) == prices
    assert len(own) == clear
    assert sum("both price" in reason for reason in told) == overlaps
    assert sum("before it starts" in reason for reason in told) == backwards
