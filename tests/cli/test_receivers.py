"""`doctor` asks those who are told of events and holds, and tells them nothing."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from tests.events.out.receiver import SECRET
from tests.firm import a_firm

from isthmus.cli.receivers import receivers
from isthmus.sandbox.serve import serving

pytestmark = pytest.mark.anyio
NATS = os.environ.get("ISTHMUS_TEST_NATS_URL")
MORE = """\
destinations:
  hook: {{url: "{url}/hook", secret: "{secret}"}}
  gone: {{url: "http://127.0.0.1:1/hook", secret: "{secret}"}}
  ill: {{url: "{url}/ill", secret: "{secret}"}}
  nobody: {{url: "nats://127.0.0.1:1", into: doctor}}
exceptions:
  desks:
    tickets:
      via: webhook
      url: "{url}/tickets"
      headers: {{Authorization: "file:{folder}/good"}}
    old:
      via: webhook
      url: "{url}/tickets"
      headers: {{Authorization: "file:{folder}/bad"}}
    mail: {{via: apprise, url: "file:{folder}/mail"}}
    odd: {{via: apprise, url: "file:{folder}/odd"}}
"""


async def test_each_is_asked_once_and_told_nothing(database_url: str, tmp_path: Path) -> None:
    for name, value in {
        "good": "good", "bad": "bad", "mail": "json://127.0.0.1:1",
        "odd": "nothing-apprise-knows://x",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(value)
    asked: Counter[str] = Counter()

    async def answer(request: Request) -> Response:
        asked[f"{request.method} {request.url.path}"] += 1
        if request.url.path == "/tickets":
            return Response(status_code=405 if request.headers["Authorization"] == "good" else 401)
        return Response(status_code=503 if request.url.path == "/ill" else 401)

    web = FastAPI()
    web.add_api_route("/{path}", answer, methods=["HEAD", "POST", "GET"])
    async with serving(web) as url:
        more = MORE.format(url=url, secret=SECRET, folder=tmp_path)
        async with a_firm(database_url, tmp_path, more=more, works=False) as firm:
            found = {what: (ok, said, do) for what, ok, said, do in
                     await receivers(firm.app.landscape)}  # fmt: skip
    assert {what: ok for what, (ok, _, _) in found.items()} == {
        "destination hook": True, "destination gone": False, "destination ill": False,
        "destination nobody": False, "desk tickets": True, "desk old": False, "desk mail": None,
        "desk odd": False,
    }  # fmt: skip
    assert asked == {"HEAD /hook": 1, "HEAD /ill": 1, "HEAD /tickets": 2}
    assert found["destination gone"][1] == "gone: no answer: ConnectError"
    assert found["destination ill"][1] == "ill: answered 503"
    assert found["desk old"][1:] == (
        "old: refuses the headers of the landscape (401)",
        "renew its credentials in the landscape or where that points",
    )


@pytest.mark.skipif(NATS is None, reason="set ISTHMUS_TEST_NATS_URL to a NATS server")
async def test_a_broker_is_connected_to(database_url: str, tmp_path: Path) -> None:
    more = f"destinations:\n  bus: {{url: '{NATS}', into: doctorlooks}}\n"
    async with a_firm(database_url, tmp_path, more=more, works=False) as firm:
        assert await receivers(firm.app.landscape) == [
            ("destination bus", True, "nats takes the connection and its credentials", "")
        ]
