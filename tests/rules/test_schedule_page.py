"""docs/concepts/billing-by-schedule.md states every convention, its default and the others."""

from ruamel.yaml import YAML
from tests.rules.settings_page import PAGES, coded, defaults, modules_of, stated

from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import fixed_fee as fixed_fee_terms
from isthmus.canonical.terms import retainer, subscription
from isthmus.rules import fixed_fee, milestones, retainers, subscriptions


def test_the_page_states_the_conventions_of_the_code() -> None:
    modules = [fixed_fee_terms, retainer, subscription]
    for package in (fixed_fee, milestones, retainers, subscriptions):
        modules += modules_of(package)
    on_page = stated("billing-by-schedule.md")

    assert on_page == coded(defaults(modules)) - {INTERVAL}
    assert len(on_page) == 13


INTERVAL = ("BillingInterval", "month", frozenset({"week", "month", "quarter", "year"}))
"""A fact of the contract, not a convention."""


def test_the_example_of_the_page_is_terms() -> None:
    page = (PAGES / "billing-by-schedule.md").read_text("utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    terms = Terms.model_validate(YAML(typ="safe").load(example)).fixed_fee

    assert [instalment.percent for instalment in terms.instalments] == [30, 40, 30]
    assert (terms.acceptance, terms.deemed_after_days) == ("deemed", 10)
    assert terms.retention_percent == 10
