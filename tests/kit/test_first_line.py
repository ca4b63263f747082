import pytest

from isthmus.kit.first_line import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such table\n[SQL: select 1]"), "no such table"),
        (ValueError("gone"), "gone"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("\nbelow"), "ValueError"),
    ],
)
def test_an_error_in_one_line(error: Exception, line: str) -> None:
    assert first_line(error) == line
