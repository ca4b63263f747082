"""On which day a milestone is accepted, and on what that rests."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import unhurried

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import Acceptance, DeemedDay, FixedFeeTerms
from isthmus.rules.milestones.acceptance import Accepted, Basis, Delivery, acceptance
from isthmus.rules.milestones.billing import bill_accepted
from isthmus.rules.problems import Problem

SIGNED = FixedFeeTerms()
SILENCE = FixedFeeTerms(acceptance=Acceptance.DEEMED, deemed_after_days=10)
ON_THE_TENTH = SILENCE.model_copy(update={"deemed_day": DeemedDay.ON_LAST_DAY})
NONE = FixedFeeTerms(acceptance=Acceptance.NONE)


def delivery(**days: str) -> Delivery:
    facts = {"delivered_on": "2026-05-01"} | days
    return Delivery("Go-live", **{name: day(text) for name, text in facts.items()})


@pytest.mark.parametrize(
    ("terms", "facts", "as_of", "on", "basis"),
    [
        (SIGNED, {"signed_on": "2026-05-06"}, "2026-05-06", "2026-05-06", Basis.SIGNED),
        (SILENCE, {}, "2026-05-12", "2026-05-12", Basis.DEEMED),
        (SILENCE, {}, "2026-09-30", "2026-05-12", Basis.DEEMED),
        (ON_THE_TENTH, {}, "2026-05-11", "2026-05-11", Basis.DEEMED),
        (SILENCE, {"signed_on": "2026-05-06"}, "2026-06-01", "2026-05-06", Basis.SIGNED),
        (SILENCE, {"signed_on": "2026-05-20"}, "2026-06-01", "2026-05-12", Basis.DEEMED),
        (SILENCE, {"objected_on": "2026-05-12"}, "2026-06-01", "2026-05-12", Basis.DEEMED),
        (
            SILENCE,
            {"objected_on": "2026-05-11", "signed_on": "2026-05-30"},
            "2026-06-01",
            "2026-05-30",
            Basis.SIGNED,
        ),
        (NONE, {}, "2026-05-01", "2026-05-01", Basis.NOT_REQUIRED),
    ],
)
def test_the_first_way_to_acceptance_counts(
    terms: FixedFeeTerms, facts: dict[str, str], as_of: str, on: str, basis: Basis
) -> None:
    found = acceptance(delivery(**facts), terms, day(as_of))

    assert isinstance(found, Accepted)
    assert (found.on, found.basis) == (day(on), basis)


def test_deemed_acceptance_states_its_days() -> None:
    found = acceptance(delivery(), SILENCE, day("2026-05-12"))

    assert isinstance(found, Accepted)
    assert found.why == (
        "delivered on 2026-05-01, 10 days without an objection, deemed on 2026-05-12"
    )


@pytest.mark.parametrize(
    ("terms", "facts", "as_of", "standing"),
    [
        (SIGNED, {}, "2026-12-31", "delivered on 2026-05-01 and not signed"),
        (SIGNED, {"signed_on": "2026-05-06"}, "2026-05-05",
         "delivered on 2026-05-01 and not signed"),
        (SILENCE, {}, "2026-05-11",
         "delivered on 2026-05-01, deemed accepted on 2026-05-12 unless objected to"),
        (SILENCE, {"objected_on": "2026-05-11"}, "2026-12-31",
         "the client objected on 2026-05-11"),
        (NONE, {"delivered_on": "2026-06-01"}, "2026-05-31", "it is not delivered"),
    ],
)  # fmt: skip
def test_without_acceptance_the_reason_says_how_it_stands(
    terms: FixedFeeTerms, facts: dict[str, str], as_of: str, standing: str
) -> None:
    found = acceptance(delivery(**facts), terms, day(as_of))

    assert isinstance(found, Problem)
    assert found.reason == f"milestone Go-live was not accepted by {as_of}: {standing}"
    assert (found.code, found.owner) == ("milestone_not_accepted", "pmo")


def test_what_is_not_accepted_is_held_with_its_amount() -> None:
    waiting = bill_accepted("Go-live", eur(500), acceptance(delivery(), SIGNED, day("2026-06-01")))
    billed = bill_accepted("Go-live", eur(500), acceptance(delivery(), NONE, day("2026-06-01")))

    assert (waiting.charges, waiting.held[0].amount) == ((), eur(500))
    assert [(c.amount, c.kind) for c in billed.charges] == [(eur(500), LineKind.MILESTONE)]
    assert billed.held == ()


@pytest.mark.parametrize("days", [None, 0])
def test_silence_needs_a_length(days: int | None) -> None:
    with pytest.raises(ValidationError, match="needs deemed_after_days of 1 or more"):
        FixedFeeTerms(acceptance=Acceptance.DEEMED, deemed_after_days=days)


DAYS = st.dates(date(2026, 1, 1), date(2026, 3, 31))


@unhurried
@given(
    st.builds(Delivery, st.just("M"), st.none() | DAYS, st.none() | DAYS, st.none() | DAYS),
    st.sampled_from(Acceptance),
    st.sampled_from(DeemedDay),
    st.integers(1, 40),
    DAYS,
    st.integers(0, 90),
)
def test_what_is_accepted_stays_accepted_on_the_same_day(
    made: Delivery, how: Acceptance, convention: DeemedDay, silence: int, as_of: date, later: int
) -> None:
    terms = FixedFeeTerms(acceptance=how, deemed_after_days=silence, deemed_day=convention)
    before = acceptance(made, terms, as_of)
    after = acceptance(made, terms, as_of + timedelta(days=later))

    if isinstance(before, Accepted):
        assert before.on <= as_of
        assert after == before
