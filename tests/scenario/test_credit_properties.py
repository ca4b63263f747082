"""What holds for every set of credits, in whatever order they are asked for."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rules.facts import eur

from isthmus.kit.money import Money
from isthmus.scenario import Outcome, ScenarioFile, World, play

a_credit = st.fixed_dictionaries(
    {
        "on": st.dates(date(2026, 5, 1), date(2026, 6, 10)).map(date.isoformat),
        "invoice": st.sampled_from(["2026-03-31", "2026-04-30"]),
        "reason": st.just("No"),
        "rebill": st.booleans(),
        "lines": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"line": st.sampled_from([1, 2])},
                optional={"amount": st.sampled_from(["0.01", "33.33", "400"])},
            ),
            min_size=1, max_size=2, unique_by=lambda line: line["line"],
        ),
    }
)  # fmt: skip


def firm(asked: list[dict[str, Any]]) -> Outcome:
    hours = [("03-10", 1, "3"), ("03-11", 2, "2.5"), ("03-12", 1, "0.1"), ("04-09", 2, "7")]
    return play(World(ScenarioFile.model_validate({
        "scenario": "Generated", "currency": "EUR",
        "people": {"Consultant 1": {"role": "A"}, "Consultant 2": {"role": "B"}},
        "rate_cards": [{"role": "A", "rate": "133.33", "from": "2026-01-01"},
                       {"role": "B", "rate": 90, "from": "2026-01-01"}],
        "contracts": {"Tests": {"customer": "Client A", "billing": "t_and_m",
                                "starts": "2026-01-01", "tax": {"percent": 19},
                                "recognition": {"method": "right_to_invoice"}}},
        "time": [{"on": f"2026-{on}", "who": f"Consultant {who}", "hours": Decimal(h)}
                 for on, who, h in hours],
        "credits": asked,
        "periods": [{"month": "2026-05", "closed": "2026-05-10", "opened_again": "2026-05-20"}],
        "runs": [{"on": "2026-04-01", "up_to": "2026-03-31"},
                 {"on": "2026-05-04", "up_to": "2026-04-30"}, {"on": "2026-06-05"}],
    }, context={"currency": "EUR"})))  # fmt: skip


def summed(amounts: Any) -> Money:
    return Money.total(amounts, "EUR")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(a_credit, max_size=5).flatmap(
        lambda asked: st.tuples(st.just(asked), st.permutations(asked))
    )
)
def test_what_is_earned_is_what_is_invoiced_less_what_is_credited_in_any_order(
    orders: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    asked, other = orders
    found = firm(asked)
    invoiced = summed(i.net for i in found.invoices)
    credited = summed(m.net for m in found.credit_memos)
    open_ = summed(found.to_invoice.values())
    held = summed(h.amount for h in found.held if h.amount)
    earned = summed(found.revenue["Tests"].values())

    assert found == firm(other)
    assert earned == invoiced - credited + open_
    assert earned + held <= eur("1268.32")
    for journal in found.journals:
        assert summed(n.debit for n in journal.lines) == summed(n.credit for n in journal.lines)
    for invoice in found.invoices:
        memos = [m for m in found.credit_memos if m.invoice == invoice.on]
        if sum(1 for i in found.invoices if i.on == invoice.on) == 1:
            back = summed(m.net for m in memos)
            assert back <= invoice.net
            if back == invoice.net:
                assert summed(m.total for m in memos if m.total) == invoice.total
    if not any(c["lines"] or not c["rebill"] for c in asked):
        assert earned + held == eur("1268.32")
