"""docs/concepts/revenue-rules.md states every convention, its default and its alternatives."""

from tests.rules.settings_page import coded, defaults, modules_of, stated

from isthmus.rules import revenue
from isthmus.rules.revenue.allocation import Rounding
from isthmus.rules.rounding import Remainder


def test_the_page_states_the_conventions_of_the_code() -> None:
    on_page = stated("revenue-rules.md")

    assert on_page == coded(defaults(modules_of(revenue)))
    assert len(on_page) == 16


def test_schedules_and_allocations_round_each_by_their_own_default() -> None:
    found = {default for default in defaults(modules_of(revenue)) if isinstance(default, Remainder)}

    assert found == {Remainder.CUMULATIVE, Remainder.LAST}
    assert Rounding().remainder is Remainder.LAST
