import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from isthmus.sandbox.serve import serving


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.mark.anyio
async def test_serves_on_a_free_port_and_stops() -> None:
    async with serving(Starlette(routes=[Route("/", hello)])) as url, httpx2.AsyncClient() as http:
        assert (await http.get(url)).text == "hello"
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(url)


@pytest.mark.anyio
async def test_two_apps_at_once() -> None:
    app = Starlette(routes=[Route("/", hello)])
    async with serving(app) as one, serving(app) as two:
        assert one != two
