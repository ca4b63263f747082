"""Comments and resolution codes: what is kept, and what happens to the work."""

import pytest
from tests.holds.place import WORLD, settled, stopped_deals, story, the

from isthmus.engine import Engine
from isthmus.engine.hold_actions import ActionRefused
from isthmus.holds.acts import comment, resolve

pytestmark = pytest.mark.anyio


async def test_comments_are_kept_in_order_and_once_for_each_message(engine: Engine) -> None:
    [hold] = await stopped_deals(engine, 1)
    await comment(engine, hold, " asked the client ", "ana")
    first = await comment(engine, hold, "they answered", "desk", dedup_key="desk:1")
    again = await comment(engine, hold, "they answered", "desk", dedup_key="desk:1")
    assert (first.done, again.done) == (True, False)
    async with engine.database.begin() as tx:
        kept = await tx.queues.comments(hold.number)
    assert [(c.text, c.said_by) for c in kept] == [
        ("asked the client", "ana"), ("they answered", "desk"),
    ]  # fmt: skip
    assert [e[0] for e in await story(engine, hold)] == ["hold.commented"] * 2
    with pytest.raises(ActionRefused, match="It says nothing"):
        await comment(engine, hold, "  ", "ana")


async def test_a_corrected_hold_goes_on_and_keeps_its_code(engine: Engine) -> None:
    [hold] = await stopped_deals(engine, 1)
    WORLD.stops.clear()
    acted = await resolve(engine, hold, "corrected", "PO 77 came", "ana")
    assert acted.done
    await settled(engine)
    over = await the(engine, hold.number)
    assert (over.state, over.resolution, over.resolution_code) == (
        "resolved", "succeeded", "corrected",
    )  # fmt: skip
    again = await resolve(engine, over, "corrected", "", "ana")
    assert (again.done, again.message) == (
        False, f"{hold.label} is over already (succeeded by isthmus); nothing to do",
    )  # fmt: skip
    assert WORLD.posted.count(f"checked {hold.object_id}") == 1
    assert WORLD.posted.count(str(hold.object_id)) == 1


async def test_one_that_stops_again_has_no_code(engine: Engine) -> None:
    [hold] = await stopped_deals(engine, 1)
    await resolve(engine, hold, "retry", "", "ana")
    await settled(engine)
    again = await the(engine, hold.number)
    assert (again.state, again.resolution_code) == ("held", None)


async def test_a_code_of_the_firm_gives_up(engine: Engine) -> None:
    [hold] = await stopped_deals(engine, 1)
    with pytest.raises(ActionRefused, match="Did you mean `goodwill`") as refused:
        await resolve(engine, hold, "good_will", "", "ana")
    assert refused.value.why == (
        "Known: corrected, done_by_hand, duplicate, goodwill, not_needed, retry, written_off."
    )
    acted = await resolve(engine, hold, "goodwill", "for the delay", "ana")
    assert acted.message == f"{hold.label} is skipped: goodwill: for the delay"
    over = await the(engine, hold.number)
    assert (over.state, over.resolution, over.resolution_code) == (
        "resolved", "skipped: goodwill: for the delay", "goodwill",
    )  # fmt: skip
    assert hold.object_id not in WORLD.posted
