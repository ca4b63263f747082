"""A broker that does not say what the client takes it to say is a failure of that destination."""

from __future__ import annotations

from typing import Any

import pytest
from pamqp.commands import Connection
from pamqp.frame import marshal
from tests.events.out.listening import Talk, listening
from tests.events.out.log import destination, relaying, state, write
from tests.events.out.test_brokers_named import rabbit
from tests.waiting import until

from isthmus.connect import Unavailable
from isthmus.events.destination_holds import TELL_AFTER, hold_of
from isthmus.events.destinations import connect
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio
WHY = (
    "the broker at `url` announces no publisher confirms, without which nothing tells that it has "
    "stored an event; let `url` name a RabbitMQ, which announces them [no_confirms]"
)
TOLD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no capabilities": {"product": "A broker", "version": "1.0"},
    "no table of them": {"capabilities": "publisher_confirms"},
    "others": {"capabilities": {"basic.nack": True}},
    "that it has none": {"capabilities": {"publisher_confirms": False}},
}


def opening(properties: dict[str, Any]) -> Talk:
    """A broker that tells these properties, opens the host and closes it again."""
    answers = (Connection.OpenOk(), Connection.CloseOk())
    return rabbit(*(marshal(answer, 0) for answer in answers), told=properties)


@pytest.mark.parametrize("properties", TOLD.values(), ids=TOLD)
async def test_a_rabbitmq_broker_without_confirms_is_of_no_use(properties: dict[str, Any]) -> None:
    async with listening(opening(properties)) as (port, asked):
        with pytest.raises(Unavailable) as failed:
            await connect("bus", destination(url=f"amqp://guest:guest@127.0.0.1:{port}"))
        assert str(failed.value) == f"bus: {WHY}"
        assert (failed.value.system, failed.value.outcome_unknown) == ("bus", False)
        assert asked.qsize() == 1


async def test_its_owner_is_told_what_to_do(database: Database) -> None:
    await write(database, subjects=1, each=1)
    async with listening(opening({})) as (port, asked):
        to = destination(url=f"amqp://guest:guest@127.0.0.1:{port}", owner="integration")
        async with relaying(database, to):
            await until(lambda: _told(database))
        assert asked.qsize() >= TELL_AFTER, "it is tried again"
    async with database.begin() as tx:
        hold = await tx.holds.of_key(hold_of("out"))
    assert hold is not None
    assert (hold.state, hold.code, hold.system) == (
        "waiting_system", "destination_unreachable", "out",
    )  # fmt: skip
    assert hold.reason.endswith(f"out: {WHY}")
    row = await state(database)
    assert (row.position, row.sent) == (0, 0)


async def _told(database: Database) -> bool:
    async with database.begin() as tx:
        return await tx.holds.of_key(hold_of("out")) is not None
