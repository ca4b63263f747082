"""docs/reference/finance-cases.md says what the rules say today."""

from tests.finance.page import PAGE, page


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"
