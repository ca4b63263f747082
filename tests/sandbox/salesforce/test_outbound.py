import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import httpx2
import pytest
from defusedxml import ElementTree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.sandbox.salesforce.client import Client

from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving

pytestmark = pytest.mark.anyio

OUT = "{http://soap.sforce.com/2005/09/outbound}"
SF = "{urn:sobject.enterprise.soap.sforce.com}"
ACK = """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>{ack}</Ack>
</notificationsResponse></soapenv:Body></soapenv:Envelope>"""
DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-09-30"}


class Listener:
    """Answers `Ack` true, after `refusals` answers that do not."""

    def __init__(self) -> None:
        self.refusals: list[Response] = []
        self.messages: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.app = Starlette(routes=[Route("/notify", self.notify, methods=["POST"])])

    async def notify(self, request: Request) -> Response:
        self.messages.append(await request.body())
        self.headers.append(dict(request.headers))
        if self.refusals:
            return self.refusals.pop(0)
        return Response(ACK.format(ack="true"), media_type="text/xml")

    def notifications(self) -> list[Element]:
        return [
            found
            for message in self.messages
            for found in ElementTree.fromstring(message).iter(f"{OUT}Notification")
        ]

    def names(self) -> list[str | None]:
        return [found.findtext(f"{OUT}sObject/{SF}Name") for found in self.notifications()]


@pytest.fixture
async def listener() -> AsyncIterator[tuple[Listener, str]]:
    made = Listener()
    async with serving(made.app) as url:
        yield made, f"{url}/notify"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (a queue in another task has no event)
            await asyncio.sleep(0.01)


async def configure(sf: Client, endpoint: str, when: Any = None, **knobs: Any) -> Any:
    await sf.control("outbound-messages/settings", {"retry_seconds": 0.02, **knobs})
    body = {"object": "Opportunity", "fields": ["Name", "StageName", "Amount"], "when": when}
    return await sf.control("outbound-messages", {**body, "endpoint": endpoint})


def pending(sf: Client) -> list[dict[str, Any]]:
    return list(sf.org.outbound.status()["pending"])


async def test_a_won_deal_is_pushed_once(sf: Client, listener: tuple[Listener, str]) -> None:
    heard, endpoint = listener
    message = await configure(sf, endpoint, {"field": "IsWon", "equals": True})
    deal = await sf.create("Opportunity", **{**DEAL, "Name": "A & <B>"})
    await sf.patch("Opportunity", deal, StageName="Closed Won")
    await sf.patch("Opportunity", deal, NextStep="invoice")
    await until(lambda: len(heard.messages) == 1 and not pending(sf))
    root = ElementTree.fromstring(heard.messages[0])
    body = root.find(f".//{OUT}notifications")
    assert body.findtext(f"{OUT}OrganizationId") == sf.org.org.org_id
    assert body.findtext(f"{OUT}ActionId") == message["id"]
    assert body.findtext(f"{OUT}SessionId") == ""
    found = heard.notifications()
    assert len(found) == 1
    assert found[0].findtext(f"{OUT}Id", "").startswith("04l")
    sobject = found[0].find(f"{OUT}sObject")
    assert sobject is not None
    kind = sobject.get("{http://www.w3.org/2001/XMLSchema-instance}type")
    assert kind == "sf:Opportunity"
    shown = [(child.tag.removeprefix(SF), child.text) for child in sobject]
    assert shown == [("Id", deal), ("Name", "A & <B>"), ("StageName", "Closed Won")]
    assert heard.headers[0]["content-type"] == "text/xml; charset=utf-8"
    assert heard.headers[0]["soapaction"] == '""'


async def test_retried_until_acknowledged(sf: Client, listener: tuple[Listener, str]) -> None:
    heard, endpoint = listener
    heard.refusals = [
        Response(status_code=500),
        Response(ACK.format(ack="false"), media_type="text/xml"),
        Response("not xml"),
    ]
    await configure(sf, endpoint)
    await sf.create("Opportunity", **DEAL)
    await until(lambda: len(heard.messages) == 4 and not pending(sf))
    ids = {found.findtext(f"{OUT}Id") for found in heard.notifications()}
    assert len(ids) == 1, "a retry is the same notification"


async def test_many_changes_travel_a_hundred_at_a_time(
    sf: Client, listener: tuple[Listener, str]
) -> None:
    heard, endpoint = listener
    await configure(sf, endpoint)
    await sf.seed("Opportunity", *({**DEAL, "Name": f"D{n:03}"} for n in range(150)))
    await until(lambda: not pending(sf))
    sizes = [message.count(b"<Notification>") for message in heard.messages]
    assert sizes == [100, 50]
    assert heard.names() == [f"D{n:03}" for n in range(150)]


async def test_twice_and_out_of_order(sf: Client, listener: tuple[Listener, str]) -> None:
    heard, endpoint = listener
    await configure(sf, endpoint, shuffle=True, duplicate_rate=0.5, seed=7)
    await sf.seed("Opportunity", *({**DEAL, "Name": f"D{n:02}"} for n in range(20)))
    await until(lambda: not pending(sf))
    names = heard.names()
    await until(lambda: len(heard.names()) == len(names))
    ordered = [f"D{n:02}" for n in range(20)]
    assert set(names) == set(ordered)
    assert 20 < len(names) < 40
    assert list(dict.fromkeys(names)) != ordered


async def test_given_up_in_the_end(sf: Client) -> None:
    knobs = {"give_up_seconds": 0.05}
    await configure(sf, "http://127.0.0.1:9/notify", **knobs)
    await sf.create("Opportunity", **DEAL)
    await until(lambda: len(sf.org.outbound.status()["failed"]) == 1)
    assert pending(sf) == []


async def test_the_queue_outlives_the_process(
    tmp_path: Path, listener: tuple[Listener, str]
) -> None:
    heard, endpoint = listener
    org = SalesforceOrg(tmp_path / "org.db")
    org.outbound.configure({"object": "Opportunity", "fields": ["Name"], "endpoint": endpoint})
    org.outbound.set_knobs({"retry_seconds": 0.5})
    org.seed([{"attributes": {"type": "Opportunity"}, **DEAL}])
    org.close()
    reopened = SalesforceOrg(tmp_path / "org.db")
    assert reopened.outbound.knobs.retry_seconds == 0.5
    async with serving(reopened.app) as url, httpx2.AsyncClient(base_url=url) as http:
        await until(lambda: heard.names() == ["Deal"])
        await until(lambda: reopened.outbound.status()["pending"] == [])
        assert (await http.get("/__control/outbound-messages")).json()["pending"] == []
    reopened.close()
