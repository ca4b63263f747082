"""A limit is divided by urgency, never beyond what there is, and nobody is left out for good."""

from hypothesis import given
from hypothesis import strategies as st

from isthmus.rules.quota import divide, in_turn, left_today, portion, ramp

wanted = st.lists(st.integers(0, 50), min_size=4, max_size=4)


@given(st.integers(0, 60), wanted, st.booleans())
def test_no_more_is_given_than_there_is_or_is_wanted(
    amount: int, asked: list[int], turn: bool
) -> None:
    given_ = divide(amount, asked, their_turn=turn)
    assert sum(given_) == min(amount, sum(asked))
    assert all(0 <= g <= w for g, w in zip(given_, asked, strict=True))


@given(st.integers(5, 60), wanted)
def test_a_fifth_is_kept_for_the_less_urgent(amount: int, asked: list[int]) -> None:
    first = next((n for n, want in enumerate(asked) if want), 0)
    later = sum(asked[first + 1 :])
    assert sum(divide(amount, asked, their_turn=False)[first + 1 :]) >= min(later, amount // 5)


def test_the_most_urgent_has_four_fifths_and_what_others_leave() -> None:
    assert divide(10, (20, 0, 30, 5), their_turn=False) == (8, 0, 2, 0)
    assert divide(10, (20, 0, 1, 0), their_turn=False) == (9, 0, 1, 0)
    assert divide(10, (3, 2, 30, 5), their_turn=False) == (3, 2, 5, 0)


def test_a_single_place_goes_to_the_less_urgent_in_their_turn_only() -> None:
    assert divide(1, (3, 0, 3, 0), their_turn=False) == (1, 0, 0, 0)
    assert divide(1, (3, 0, 3, 0), their_turn=True) == (0, 0, 1, 0)


def test_who_wants_half_of_it_has_half() -> None:
    assert portion(8, (0, 0, 20, 0), (0, 0, 10, 0)) == 4
    assert portion(8, (2, 0, 20, 0), (0, 0, 20, 0)) == 6


def test_the_end_of_a_day_is_for_what_blocks_invoicing() -> None:
    assert [left_today(100_000, 79_999, urgency) for urgency in range(4)] == [
        20_001, 15_001, 10_001, 1,
    ]  # fmt: skip
    assert [left_today(100_000, 95_000, urgency) for urgency in range(4)] == [5_000, 0, 0, 0]


def test_a_system_that_is_back_takes_twice_as_many_every_two_seconds() -> None:
    times = (-1, 0, 1.9, 2, 4, 6, 8, 1e9)
    assert [ramp(seconds, 5) for seconds in times] == [1, 1, 1, 2, 4, 5, 5, 5]
    assert [ramp(seconds, 25) for seconds in times] == [3, 3, 3, 6, 12, 24, 25, 25]


def test_every_fifth_place_is_for_the_longest_waiting() -> None:
    by_rank = [f"bill {n}" for n in range(6)] + ["poll 0", "poll 1"]
    by_age = ["poll 0", "poll 1", *by_rank[:6]]
    assert in_turn(by_rank, by_age) == [
        "bill 0", "bill 1", "bill 2", "bill 3", "poll 0", "bill 4", "bill 5", "poll 1",
    ]  # fmt: skip
