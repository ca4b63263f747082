"""A terms file: the words of a scenario, for a contract of the installation."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.scenario.files import written
from tests.scenario.json_schema import as_json, fits

from isthmus.canonical import Contract
from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import (
    Cap,
    CapPeriod,
    CapPolicy,
    CategoryRule,
    DayPremium,
    Excess,
    ExpenseTerms,
    Overtime,
    RoundingGrain,
    RoundingMode,
    TimeRounding,
    TimeTerms,
    Weekday,
)
from isthmus.kit.money import Money
from isthmus.landscape.document import read_document
from isthmus.scenario import World, read
from isthmus.scenario.schema import terms_schema
from isthmus.scenario.stated import listed, moved, terms_text
from isthmus.scenario.terms_file import NOT_BILLED, TERMS, TermsFileError, read_terms

DAY = date(2026, 7, 1)
CLAUSES = """\
time:
  rounding: {increment: 15}
  overtime: {daily_threshold: 8, multiplier: 1.5, by_day: [{multiplier: 2, weekdays: [sunday]}]}
caps:
  - {level: person, period: day, hours: 10, amount: 2000.50}
expenses: {markup_percent: 10, categories: [{category: Hotel, limit: 150}]}
recognition: {method: right_to_invoice}
"""


def a_contract(billing_model: str = "t_and_m") -> Contract:
    return Contract.model_validate(
        {"id": "k", "number": "C-0001", "customer": "c", "opportunity": "o",
         "legal_entity": "EA-NL", "billing_model": billing_model, "currency": "EUR",
         "starts_on": "2026-01-01", "minimum_increment": 6}
    )  # fmt: skip


def terms_of(folder: Path, text: str, contract: Contract | None = None) -> Terms:
    contract = contract or a_contract()
    return read_terms(_file(folder, text), contract, DAY).over(contract.terms_on(DAY))


def mistakes_in(folder: Path, text: str, billing_model: str = "t_and_m") -> str:
    with pytest.raises(TermsFileError) as refused:
        read_terms(_file(folder, text), a_contract(billing_model), DAY)
    return "".join(f"{m.render('')[1:]}\n" for m in refused.value.mistakes)


def _file(folder: Path, text: str) -> Path:
    file = folder / "terms.yaml"
    file.write_text(text, "utf-8")
    return file


def test_a_clause_of_a_scenario_is_the_same_clause_of_a_contract(tmp_path: Path) -> None:
    indented = "".join(f"    {line}\n" for line in CLAUSES.splitlines())
    scenario = read(
        written(
            tmp_path,
            "scenario: The same\ncurrency: EUR\ncontracts:\n  Rollout:\n    customer: Client A\n"
            f"    billing: t_and_m\n    starts: 2026-01-01\n{indented}",
        )
    ).scenario
    assert scenario is not None
    tried = World(scenario).contract("Rollout", DAY).terms
    assert terms_of(tmp_path, CLAUSES) == tried
    assert tried.time.overtime == Overtime(
        daily_threshold=Decimal(8), multiplier=Decimal("1.5"),
        by_day=(DayPremium(multiplier=Decimal(2), weekdays=(Weekday.SUNDAY,)),),
    )  # fmt: skip


def test_what_is_not_stated_stays_and_what_is_empty_goes(tmp_path: Path) -> None:
    before = a_contract().changed(terms=terms_of(tmp_path, CLAUSES))
    after = terms_of(tmp_path, "caps:\nexpenses: {markup_percent: 5}\n", before)
    assert after.time == before.terms.time
    assert after.recognition == before.terms.recognition
    assert after.caps == ()
    assert after.expenses == ExpenseTerms(markup_percent=Decimal(5))


def test_the_difference_names_figures_that_somebody_set(tmp_path: Path) -> None:
    before, after = Terms(), terms_of(tmp_path, "expenses: {markup_percent: 10}\n")
    assert [(m.term, m.old, m.new) for m in moved(before, after)] == [
        ("expenses.markup_percent", "0", "10")
    ]
    assert [(t.name, t.value) for t in listed(after) if t.is_set] == [
        ("expenses.markup_percent", "10")
    ]
    assert ("expenses.base", "cost", False) in [(t.name, t.value, t.is_set) for t in listed(after)]


AMOUNTS = st.decimals(0, 10**6, places=2).map(lambda amount: Money.of(amount, "EUR"))
PERCENTS = st.decimals(0, 100, places=2)
HOURS = st.decimals(0, 24, places=2)
TIME = st.builds(
    TimeTerms,
    rounding=st.none() | st.builds(
        TimeRounding, increment=st.none() | st.integers(1, 60), mode=st.sampled_from(RoundingMode)
    ),
    overtime=st.none() | st.builds(
        Overtime, daily_threshold=st.none() | HOURS, multiplier=HOURS,
        by_time_type=st.dictionaries(st.sampled_from(["Travel", "on call", "true"]), HOURS),
        by_day=st.tuples(st.builds(
            DayPremium, multiplier=HOURS, dates=st.tuples(st.dates(date(2020, 1, 1)))
        )),
    ),
    discount_percent=st.none() | PERCENTS,
)  # fmt: skip
CAPS = st.builds(
    Cap, amount=AMOUNTS, hours=st.none() | HOURS, period=st.sampled_from(CapPeriod),
    policy=st.sampled_from(CapPolicy), of=st.none() | st.sampled_from(["Design: a", "12", "no"]),
)  # fmt: skip
EXPENSES = st.builds(
    ExpenseTerms, markup_percent=PERCENTS, flat_fee=st.none() | AMOUNTS,
    categories=st.tuples(st.builds(
        CategoryRule, category=st.sampled_from(["Hotel", "Taxi, bus"]), limit=AMOUNTS,
        excess=st.sampled_from(Excess),
    )),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.builds(Terms, time=TIME, caps=st.lists(CAPS, max_size=2).map(tuple), expenses=EXPENSES))
def test_what_is_printed_reads_as_the_same_terms(tmp_path: Path, terms: Terms) -> None:
    before = a_contract().changed(terms=Terms())
    assert terms_of(tmp_path, terms_text(terms) or "time:\n", before) == terms
    assert moved(terms, terms) == ()


def _nested(key: str) -> Any:
    """The key with something in it, as a file would write it."""
    *above, last = key.split(".")
    found: Any = {last: {}}
    for name in reversed(above):
        found = {name: [found] if name in ("caps", "categories") else found}
    return found


@pytest.mark.parametrize("key", NOT_BILLED)
def test_what_no_flow_bills_by_is_refused_by_name(tmp_path: Path, key: str) -> None:
    told = mistakes_in(tmp_path, f"{json.dumps(_nested(key))}\n", "fixed_fee")
    assert f"no flow bills by `{key}` yet\n  why: {NOT_BILLED[key]} would be agreed" in told
    assert "unknown key" not in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "time: {overtme: {}}\ncap: 100\nretention: {percent: 10}\n",
            "1:8: unknown key `overtme`\n"
            "  why: known here: day_rate, discount_percent, half_cent, overtime, rounding, tiers\n"
            "  do:  Did you mean `overtime`?\n"
            "2:1: `cap` is no detailed term\n"
            "  why: the deal says it, in the CRM\n"
            "  do:  Remove it; to change it, win a deal that amends the first one.\n"
            "3:1: `retention` is no detailed term\n"
            "  why: a scenario also says on which day it is released\n"
            "  do:  Write `fixed_fee: {retention_percent: 10}`; final acceptance releases it.\n",
        ),
        (
            "time:\n  day_rate: {hours_per_day: 8}\n  overtime: {daily_threshold: 8}\n",
            "2:3: days have no overtime thresholds and no hourly tiers\n"
            "  why: the same work would have two prices\n"
            "  do:  Remove one of the two.\n",
        ),
        (
            "caps:\n  - {amount: 100 USD}\n  - {level: task}\n",
            "2:14: 100.00 USD is of another currency than its contract\n"
            "  why: contract C-0001 is in EUR, and nothing is converted\n"
            "  do:  Write the amount in EUR, as `100 EUR`.\n"
            "3:5: the cap limits neither money nor hours\n"
            "  why: there is nothing to compare work with\n"
            "  do:  Add `amount` or `hours`.\n",
        ),
        (
            "time:\n  tiers:\n    - {rate: 90, up_to_hours: 100}\n",
            "2:3: `tiers` cannot be used\n"
            "  why: Tiers go up to more hours each, and the last one has no limit.\n"
            "  do:  Put the tiers in order and leave the limit of the last one empty.\n",
        ),
        (
            "# nothing agreed\n",
            "1:1: the file is empty\n"
            "  why: a terms file has keys such as time, caps, expenses, fixed_fee, recognition\n"
            "  do:  Start from `isthmus contract show NUMBER --yaml`.\n",
        ),
    ],
)
def test_what_is_said_of_a_mistake(tmp_path: Path, text: str, said: str) -> None:
    assert mistakes_in(tmp_path, text) == said


def test_an_invoice_line_is_rounded_where_no_cap_could_be_passed(tmp_path: Path) -> None:
    text = "time: {rounding: {increment: 15, grain: invoice_line}}\n"
    rounding = terms_of(tmp_path, text).time.rounding
    assert rounding is not None
    assert rounding.grain is RoundingGrain.INVOICE_LINE
    told = mistakes_in(tmp_path, f"{text}caps: [{{level: person, period: day, hours: 8}}]\n")
    assert "why: Contract C-0001 rounds invoice lines, which could pass its cap." in told


def test_silence_and_its_length_go_together(tmp_path: Path) -> None:
    text = "fixed_fee: {acceptance: deemed, deemed_after_days: 10, retention_percent: 5}\n"
    fixed = terms_of(tmp_path, text, a_contract("fixed_fee")).fixed_fee
    assert (fixed.deemed_after_days, fixed.retention_percent) == (10, 5)
    told = mistakes_in(tmp_path, "fixed_fee: {acceptance: deemed}\n", "fixed_fee")
    assert "why: `acceptance: deemed` and `deemed_after_days` go together" in told


@pytest.mark.parametrize(
    "text", [CLAUSES, "fixed_fee: {deemed_after_days: 10}\n", "time:\ncaps:\n"]
)
def test_the_schema_accepts_what_is_read(tmp_path: Path, text: str) -> None:
    schema = terms_schema()
    data = read_document(_file(tmp_path, text), TERMS).data
    assert fits(schema, as_json(data), schema)
    assert not fits(schema, {"subscription": {}}, schema)
