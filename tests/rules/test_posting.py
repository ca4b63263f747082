from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day, eur, month

from isthmus.kit.money import Money
from isthmus.rules.periods import posting_day
from isthmus.rules.posting import Attempt, Request, Standing, post_once, total_posted

REQUEST = Request("INV-77", eur("1250.00"), day("2026-03-31"))


def attempt(state: str, before: Attempt | None, request: Request = REQUEST) -> Attempt:
    return post_once(request, before, posting_day(request.document_on, [month(3, state)]))


def test_a_key_posts_once_however_often_it_is_sent() -> None:
    held = attempt("closed", None)
    posted = attempt("open", held)
    again = attempt("open", posted)
    locked = attempt("closed", again)

    assert [a.standing for a in (held, posted, again, locked)] == [
        "held", "posted", "duplicate", "duplicate",
    ]  # fmt: skip
    assert again.posting == locked.posting == posted.posting
    assert total_posted([held, posted, again, locked], "EUR") == eur(1250)


def test_what_is_held_may_come_back_corrected() -> None:
    corrected = Request("INV-77", eur("1200.00"), day("2026-03-31"))
    posted = attempt("open", attempt("closed", None), corrected)

    assert (posted.standing, posted.request.amount) == (Standing.POSTED, eur(1200))


def test_other_figures_under_a_posted_key_are_refused_and_the_first_stand() -> None:
    other = Request("INV-77", eur("1200.00"), day("2026-03-31"))
    posted = attempt("open", None)
    refused = attempt("open", posted, other)
    again = attempt("open", refused)

    assert refused.why is not None
    assert refused.why.reason == (
        "INV-77 posted 1,250.00 EUR of 2026-03-31; the same key now asks for 1,200.00 EUR of "
        "2026-03-31"
    )
    assert (refused.standing, again.standing) == (Standing.REFUSED, Standing.DUPLICATE)
    assert total_posted([posted, refused, again], "EUR") == eur(1250)


@given(st.lists(st.tuples(st.sampled_from(["open", "closed"]), st.sampled_from([1250, 1200]))))
def test_no_order_of_attempts_posts_a_key_twice(steps: list[tuple[str, int]]) -> None:
    attempts: list[Attempt] = []
    for state, amount in steps:
        request = Request("INV-77", eur(amount), day("2026-03-31"))
        attempts.append(attempt(state, attempts[-1] if attempts else None, request))
    opened = [amount for state, amount in steps if state == "open"]

    assert total_posted(attempts, "EUR") == Money.of(opened[0] if opened else 0, "EUR")
