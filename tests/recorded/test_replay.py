"""Runs that an earlier release recorded go on by the present code: same steps, same order.

What a step gave then is what the flow is given now, so only the order of steps is on trial. The
engine does the same after a crash, and stops a run whose next step is not the recorded one.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from tests.recorded.recording import Recorded, recorded, releases

from isthmus.engine import Engine, Flow, Run, flow
from isthmus.engine.serializer import TypedJSON
from isthmus.events.envelope import Event
from isthmus.flows import FLOWS
from isthmus.reconcile.flows import RECONCILING

pytestmark = pytest.mark.anyio
BY_NAME = {f.name: f for f in (*FLOWS, *RECONCILING)}
RUNS = [run for release in releases() for run in recorded(release)]
DO = (
    "Runs in flight would stop at it after the upgrade. Leave the body as it was under another "
    "name, put it into `earlier=` of the flow, and change the new one: docs/guides/upgrade.md."
)


class Differs(AssertionError):
    """The present code does not follow a recorded run."""

    def __init__(self, run: Recorded, place: int, now: str) -> None:
        then = run.names[place] if place < len(run.names) else "the end"
        what = f"step {place + 1} was {then} and is {now}"
        super().__init__(f"{run.flow} does not follow {run.label}: {what}. {DO}")


class Replayer:
    """In the engine's place: gives the recorded results of the first steps. Where they end the run
    is cut, as by a crash; `reached` is the step that it would do next.
    """

    def __init__(self, run: Recorded, upto: int) -> None:
        self.run, self.upto, self.place = run, upto, 0
        self.reached: str | None = None

    async def run_step(
        self, run: Run, function: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any
    ) -> Any:
        name = function.__name__
        if self.place >= len(self.run.steps) or name != self.run.names[self.place]:
            raise Differs(self.run, self.place, name)
        if self.place == self.upto:
            self.reached = name
            raise _Cut
        _, output, error = self.run.steps[self.place]
        self.place += 1
        if error is not None:
            raise restored(error)
        return restored(output)


class _Cut(BaseException):
    """The process died here."""


def restored(value: Any) -> Any:
    return TypedJSON().deserialize(json.dumps(value))


async def replayed(run: Recorded, upto: int, flows: dict[str, Flow] = BY_NAME) -> Replayer:
    name, _, version = run.flow.partition("@")
    of = flows[name]
    body = of.body_of(int(version or 1))
    assert body is not None, f"{run.label} is of a version that {name} has no body for. {DO}"
    replayer = Replayer(run, upto)
    event = Event.model_validate(run.event)
    try:
        await body(Run(run.run_id, of, event, cast("Engine", replayer)))
    except (Differs, _Cut):
        if replayer.reached is None:
            raise
    except Exception:
        if run.ended == "SUCCESS":
            raise
    return replayer


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.label)
async def test_a_finished_run_takes_the_same_steps(run: Recorded) -> None:
    replayer = await replayed(run, len(run.steps))
    if replayer.place != len(run.steps):
        raise Differs(run, replayer.place, "the end")


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.label)
async def test_a_run_in_flight_goes_on_at_its_step_and_to_the_end(run: Recorded) -> None:
    """Cut before every step; what it would do next is what was done then."""
    for upto, name in enumerate(run.names):
        assert (await replayed(run, upto)).reached == name


def test_every_flow_is_recorded() -> None:
    for release in releases():
        assert {run.flow.partition("@")[0] for run in recorded(release)} == set(BY_NAME)


async def first(step: Any) -> str:
    return "1"


async def second(step: Any) -> str:
    return "2"


STORY = Recorded(
    "0.0.9", "two_steps-1", "two_steps", "two_steps:1",
    {"type": "x", "source": "x", "subject": "x", "correlation_id": "x"}, "SUCCESS",
    (("first", "1", None), ("second", "2", None)),
)  # fmt: skip


async def two_steps_1(run: Run) -> None:
    await run.step(first)
    await run.step(second)


@flow(on="x")
async def two_steps(run: Run) -> None:
    await run.step(second)
    await run.step(first)


async def test_a_flow_whose_steps_changed_is_told_what_to_do() -> None:
    with pytest.raises(Differs) as told:
        await replayed(STORY, 2, {"two_steps": two_steps})
    assert str(told.value) == (
        "two_steps does not follow 0.0.9/two_steps-1: step 1 was first and is second. " + DO
    )


async def test_its_old_runs_go_on_by_the_body_that_was() -> None:
    @flow(on="x", earlier=(two_steps_1,))
    async def two_steps(run: Run) -> None:
        await run.step(second)

    assert two_steps.recorded_as == "two_steps@2"
    assert (await replayed(STORY, 2, {"two_steps": two_steps})).place == 2
    assert two_steps.body_of(3) is None, "of a later release"
