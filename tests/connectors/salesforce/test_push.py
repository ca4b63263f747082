"""The simulated org pushes, we answer, and it stops repeating: over loopback HTTP both ways."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.platforms.salesforce.world import World

from isthmus.canonical import Opportunity
from isthmus.connect import Notice, Webhook
from isthmus.sandbox.serve import serving

pytestmark = pytest.mark.anyio


async def test_a_won_deal_is_pushed_until_it_is_acknowledged(world: World) -> None:
    """Signed in, the connection knows which org may push to it."""
    assert (await world.crm.health()).ok is True
    notices: list[Notice] = []
    arrived = asyncio.Event()
    failing = [True]

    async def endpoint(request: Request) -> Response:
        found, reply = world.crm.receive(Webhook(dict(request.headers), await request.body()))
        notices.extend(found)
        if failing:
            failing.clear()
            return Response(status_code=503)
        arrived.set()
        return Response(reply.body, media_type=reply.media_type)

    async with serving(Starlette(routes=[Route("/", endpoint, methods=["POST"])])) as url:
        await world.control("outbound-messages/settings", {"retry_seconds": 0.05})
        await world.control(
            "outbound-messages",
            {
                "object": "Opportunity",
                "fields": ["Id"],
                "endpoint": f"{url}/",
                "when": {"field": "IsWon", "equals": True},
            },
        )
        won, _ = await world.seed(
            "Opportunity",
            {"Name": "W", "StageName": "Closed Won", "CloseDate": "2026-01-05"},
            {"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-01-05"},
        )
        await asyncio.wait_for(arrived.wait(), 20)
        for _ in range(500):
            if not world.org.outbound.status()["pending"]:
                break
            await asyncio.sleep(0.02)
    assert {(n.model, n.external_id) for n in notices} == {(Opportunity, won)}
    assert len({n.event_id for n in notices}) == 1
    assert len(notices) == 2
