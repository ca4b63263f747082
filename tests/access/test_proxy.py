"""H5: what a proxy tells is believed of proxies that are declared; what each answer carries."""

from __future__ import annotations

import httpx2
import pytest
from sqlalchemy import text
from tests.firm import Firm

from isthmus.access.accounts import add_person
from isthmus.api.server import serving
from isthmus.settings import Settings

pytestmark = pytest.mark.anyio
TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
HSTS = "strict-transport-security"


async def test_https_and_the_caller_are_what_a_declared_proxy_says(firm: Firm) -> None:
    await add_person(firm.app.database, "ben", "Ben", [("finance", "")], "test")
    for declared in ("", "10.0.0.0/8", "127.0.0.1"):
        firm.app.settings = firm.app.settings.model_copy(update={"trusted_proxies": declared})
        async with (
            serving(firm.app) as url,
            httpx2.AsyncClient(base_url=url, timeout=30) as http,
        ):
            plain, by_tls = await http.get("/healthz"), await http.get("/healthz", headers=TLS)
            believed = declared == "127.0.0.1"
            assert (HSTS in plain.headers, HSTS in by_tls.headers) == (False, believed)
            form = {"name": "ben", "password": "wrong"}
            await http.post("/login", data=form, headers=TLS)
            page = await http.get("/login", headers=TLS)
            assert (HSTS in page.headers) is believed
            assert page.headers["content-security-policy"].startswith("default-src 'none'; script")
            for answer in (plain, by_tls, await http.get("/nothing"), await http.get("/events")):
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["x-frame-options"] == "DENY"
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            described = await http.get("/openapi.json")
            assert described.status_code == 401, "the description of the API is not for anybody"
            traced = await http.post("/login", data=form, headers={"X-Correlation-Id": "story-1"})
            assert traced.status_code == 401
    async with firm.app.database.begin() as tx:
        rows = [row for row in await tx.audit.list() if row.action == "log_in.refused"]
        failed = text("select address, failures from log_in_failure order by address")
        counted = [tuple(row) for row in await tx.connection.execute(failed)]
    assert counted == [("127.0.0.1", 5), ("203.0.113.7", 1)]
    assert [row.correlation_id for row in rows][::2] == ["story-1"] * 3
    assert all(row.correlation_id for row in rows), "as in the answer and in the logs"


def test_a_proxy_is_an_address() -> None:
    with pytest.raises(ValueError, match="proxy is neither an address nor a network"):
        Settings(trusted_proxies="10.0.0.5, proxy")
    assert Settings(trusted_proxies="10.0.0.5, 10.1.0.0/16").trusted_proxies
