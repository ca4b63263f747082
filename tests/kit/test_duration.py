from datetime import timedelta

import pytest

from isthmus.kit.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"), [("60s", 60), ("5m", 300), ("1h30m", 5400), ("7d", 604800)]
)
def test_written_durations(written: str, seconds: int) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "60", "m5", "1.5h", "5 minutes", "30m1h", "-5m", "0s"])
def test_what_is_no_duration(written: str) -> None:
    with pytest.raises(ValueError, match=r"duration"):
        parse_duration(written)


def test_the_shortest_form_is_shown() -> None:
    assert format_duration(timedelta(seconds=90061)) == "1d1h1m1s"
    assert format_duration(timedelta(seconds=60)) == "1m"
