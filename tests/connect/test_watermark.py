"""Nothing is missed at equal timestamps, nothing is delivered twice."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from isthmus.connect import Watermark

START = datetime(2026, 7, 1, tzinfo=UTC)
Store = dict[str, tuple[datetime, int]]


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def read(store: Store, since: Watermark) -> list[tuple[str, int]]:
    """As a connector does: everything from the window on, in order of stamp and id."""
    rows = sorted((stamp, id, value) for id, (stamp, value) in store.items())
    return [
        (id, value)
        for stamp, id, value in rows
        if stamp >= since.read_from and since.admits(id, stamp, {"value": value})
    ]


def stored(mark: Watermark) -> Watermark:
    """Through the database: JSON and back."""
    return Watermark.from_json(json.loads(json.dumps(mark.copy().to_json())))


def test_a_second_record_of_the_same_second_is_not_missed() -> None:
    store: Store = {"a": (at(5), 1)}
    mark = Watermark()
    assert read(store, mark) == [("a", 1)]
    store["b"] = (at(5), 1)
    assert read(store, stored(mark)) == [("b", 1)]


def test_a_record_changed_twice_within_a_second_is_told_twice() -> None:
    store: Store = {"a": (at(5), 1)}
    mark = Watermark()
    read(store, mark)
    store["a"] = (at(5), 2)
    assert read(store, stored(mark)) == [("a", 2)]


def test_what_becomes_visible_late_is_found_within_the_overlap() -> None:
    store: Store = {"a": (at(100), 1)}
    mark = Watermark(overlap=timedelta(seconds=60))
    read(store, mark)
    store["late"] = (at(50), 1)
    assert read(store, stored(mark)) == [("late", 1)]


def test_what_left_the_window_is_forgotten() -> None:
    mark = Watermark(overlap=timedelta(seconds=10))
    read({"a": (at(0), 1), "b": (at(100), 1)}, mark)
    assert list(mark.copy().recent) == ["b"]


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 3)), max_size=5), max_size=8
    )
)
def test_every_version_present_at_a_reading_is_delivered_once(
    rounds: list[list[tuple[str, int]]],
) -> None:
    """Each round changes some records, with coarse stamps that often coincide, then reads."""
    store: Store = {}
    mark, version = Watermark(overlap=timedelta(seconds=30)), 0
    for clock, changes in enumerate(rounds):
        fresh: dict[str, int] = {}
        for id, late in changes:
            version += 1
            store[id] = (at(clock - late), version)
            fresh[id] = version
        assert dict(read(store, mark)) == fresh
        mark = stored(mark)
