"""docs/concepts/tax-and-currency.md states every convention, its default and its alternatives."""

import importlib
import pkgutil

from tests.rules.settings_page import coded, defaults, stated

from isthmus.rules import conversion, discounts, early_payment, exchange_difference, fx, tax

MODULES = [
    *(
        importlib.import_module(module.name)
        for module in pkgutil.iter_modules(tax.__path__, f"{tax.__name__}.")
    ),
    conversion, discounts, early_payment, exchange_difference, fx,
]  # fmt: skip


def test_the_page_states_the_conventions_of_the_code() -> None:
    """The category of a tax is a fact about it, no convention."""
    conventions = {found for found in coded(defaults(MODULES)) if found[0] != "TaxCategory"}

    assert stated("tax-and-currency.md") == conventions
    assert len(conventions) == 8
