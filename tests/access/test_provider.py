"""H1, H2: people log in through the firm's own OpenID Connect provider; a real one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text
from tests.access.oidc_provider.provider import (
    CLIENT,
    SECRET,
    free_port,
    missing,
    new_keys,
    running,
)
from tests.firm import a_firm

from isthmus.access.accounts import AccessRefused, add_person, link, set_grants
from isthmus.api.server import serving
from isthmus.app import App

pytestmark = pytest.mark.anyio
COOKIE = "isthmus_session"
PEOPLE = {
    "s1": {"name": "Person One", "preferred_username": "One@Firm.example",
           "groups": ["fin-nl", "all-staff"]},
    "s2": {"preferred_username": "two@firm.example", "groups": ["all-staff"]},
    "s3": {"preferred_username": "local@firm.example", "groups": ["fin-nl"]},
}  # fmt: skip
ACCESS = """
access:
  regions: {{benelux: [EA-NL]}}
  providers:
    firm:
      issuer: http://127.0.0.1:{port}
      client_id: {client}
      client_secret: "{secret}"
      shown: the firm's account
      scopes: [openid, profile, groups]
      groups: {{fin-nl: finance@benelux, pmo: [pmo, delivery@EA-US]}}
      ask: the service desk
"""


class Browser:
    """What a person does: follows every redirect, and sends the provider's own forms."""

    def __init__(self, isthmus: str) -> None:
        self.isthmus, self.http = isthmus, httpx2.AsyncClient(timeout=30)

    async def begin(self, path: str = "/close") -> httpx2.Response:
        """To the provider's log-in form."""
        first = await self.http.get(f"{self.isthmus}/login/with/firm?next={path}")
        assert first.status_code == 303, first.text
        return await self.http.get(first.headers["location"], follow_redirects=True)

    async def log_in(self, subject: str, path: str = "/close") -> httpx2.Response:
        """The answer of Isthmus to who comes back from there."""
        return await self.http.get(await self.there(subject, path))

    async def there(self, subject: str, path: str = "/close") -> str:
        """Where the provider sends who has logged in."""
        self.http.cookies.clear()
        asked = await self.begin(path)
        sent = {"prompt": "login", "login": subject, "password": "any"}
        for _ in range(8):
            answer = await self.http.post(str(asked.url), data=sent)
            while answer.is_redirect:
                goal = str(answer.url.join(answer.headers["location"]))
                if goal.startswith(self.isthmus):
                    return goal
                answer = await self.http.get(goal)
            asked, sent = answer, {"prompt": "consent"}
        raise AssertionError(asked.text)

    async def page(self, path: str) -> httpx2.Response:
        return await self.http.get(self.isthmus + path, headers={"accept": "text/html"})

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()


@asynccontextmanager
async def a_provider(database_url: str, folder: Path) -> AsyncIterator[tuple[App, str, int]]:
    if why := missing():
        pytest.skip(why)
    port = free_port()
    more = ACCESS.format(port=port, client=CLIENT, secret=SECRET)
    async with (
        a_firm(database_url, folder, more=more, works=False) as firm,
        serving(firm.app) as url,
    ):
        yield firm.app, url, port


async def audit_of(app: App) -> list[str]:
    async with app.database.begin() as tx:
        rows = await tx.audit.list()
    return [f"{row.action} {row.after.get('code', '')}".strip() for row in reversed(rows)]


async def test_in_and_out_through_a_real_provider(database_url: str, tmp_path: Path) -> None:
    async with a_provider(database_url, tmp_path) as (app, url, port):
        await add_person(app.database, "local@firm.example", "Local", [("pmo", "")], "test")
        async with Browser(url) as one, Browser(url) as other:
            away = await one.http.get(f"{url}/login/with/firm")
            assert away.status_code == 503, "the provider is not there yet"
            assert "access.providers.firm" in away.text
            with running(port, url, PEOPLE, new_keys()):
                await first_time(app, one, port)
                await not_let_in(app, other)
                await not_from_here(app, one, other, port)
            moved = PEOPLE | {"s1": {"groups": ["pmo"]}}
            with running(port, url, moved, new_keys(), in_token=True):
                await after_a_change_of_keys_and_groups(app, one)
            await without_passwords(app, other)
        assert await audit_of(app) == [
            "account.added", "account.added", "account.granted", "log_in", "log_out",
            "log_in.refused no_role", "log_in.refused name_taken", "log_in.refused state",
            "log_in.refused state", "log_in.refused state", "log_in.refused issuer",
            "log_in.refused provider_declined", "log_in.refused state", "log_in.refused state",
            "account.granted", "log_in", "account.linked", "account.added", "log_in",
        ]  # fmt: skip


async def first_time(app: App, one: Browser, port: int) -> None:
    page = await one.page("/close")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Fclose")
    form = await one.page(page.headers["location"])
    assert "Log in with the firm&#39;s account" in form.text
    done = await one.log_in("s1")
    assert (done.status_code, done.headers["location"]) == (303, "/close"), done.text
    closing = await one.page("/close")
    assert closing.status_code == 200
    assert "Person One" in closing.text
    async with app.database.begin() as tx:
        row = await tx.accounts.named("one@firm.example")
        assert row is not None
        assert await tx.accounts.grants(row.id) == [("finance", "benelux")]
        kept = (await tx.connection.execute(text("select digest from session"))).scalars().one()
    assert one.http.cookies[COOKIE].encode() not in kept
    [token] = re.findall(r'name="csrf-token" content="(\w+)"', closing.text)
    out = await one.http.post(f"{one.isthmus}/logout", headers={"X-CSRF-Token": token})
    [there] = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', out.text)
    left = await one.http.get(unescape(there))
    sent = dict(re.findall(r'name="(\w+)" value="(\w+)"', left.text))
    back = await one.http.post(f"http://127.0.0.1:{port}/session/end/confirm",
                               data={**sent, "logout": "yes"})  # fmt: skip
    assert back.headers["location"] == f"{one.isthmus}/login"
    assert (await one.page("/close")).status_code == 303, "the session here is over"
    assert "Sign-in" in (await one.begin()).text, "and so is the one there"


async def not_let_in(app: App, other: Browser) -> None:
    refused = await other.log_in("s2")
    assert refused.status_code == 403
    for told in ("None of your groups has a role", "all-staff", "Ask the service desk",
                 "fin-nl, pmo"):  # fmt: skip
        assert told.lower() in refused.text.lower(), told
    taken = await other.log_in("s3")
    assert taken.status_code == 403, "a local account of that name is not taken over"
    assert "isthmus access user link local@firm.example" in taken.text
    assert COOKIE not in other.http.cookies
    async with app.database.begin() as tx:
        assert len(await tx.accounts.list()) == 2, "nobody was added who has no role"


async def not_from_here(app: App, one: Browser, other: Browser, port: int) -> None:
    """Another browser's answer, another state, one used before, another provider's, no code."""
    goal = await one.there("s1")
    forged = re.sub(r"state=[^&]+", "state=x", goal)
    for opened, address in ((other, goal), (one, forged), (one, goal)):
        answer = await opened.http.get(address)
        assert answer.status_code == 401
        assert "This log-in was not begun in this browser" in answer.text
    mixed = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fother.example", await one.there("s1"))
    assert "not that of the firm" in (await one.http.get(mixed)).text
    away = await one.http.get(f"{one.isthmus}/login/with/firm")
    state = httpx2.URL(away.headers["location"]).params["state"]
    back = f"{one.isthmus}/login/from/firm?state={state}&iss=http://127.0.0.1:{port}"
    assert "the log-in was broken off" in (await one.http.get(f"{back}&error=access_denied")).text
    waits = [(await other.http.get(f"{one.isthmus}/login/from/firm?state=x")).status_code
             for _ in range(3)]  # fmt: skip
    assert waits == [401, 401, 429], "as with wrong passwords"
    async with app.database.begin() as tx:
        await tx.connection.execute(text("update log_in_failure set until = now()"))
    assert not {COOKIE} & {*one.http.cookies, *other.http.cookies}


async def after_a_change_of_keys_and_groups(app: App, one: Browser) -> None:
    assert (await one.log_in("s1")).status_code == 303, "the provider's keys have changed meanwhile"
    async with app.database.begin() as tx:
        row = await tx.accounts.named("one@firm.example")
        assert row is not None
        assert await tx.accounts.grants(row.id) == [("delivery", "EA-US"), ("pmo", "")]
    with pytest.raises(AccessRefused, match="its groups say which roles"):
        await set_grants(app.database, "one@firm.example", [("admin", "")], "test")
    with pytest.raises(AccessRefused, match=r"has the account one@firm\.example"):
        await link(app.database, "local@firm.example", row.issuer or "", "s1", "test")
    await link(app.database, "local@firm.example", row.issuer or "", "s3", "test")
    async with app.database.begin() as tx:
        linked = await tx.accounts.named("local@firm.example")
    assert linked is not None
    assert (linked.subject, linked.password) == ("s3", None)


async def without_passwords(app: App, other: Browser) -> None:
    """Switched off, they let nobody in, and who came in by one is in no longer."""
    password = await add_person(app.database, "four", "Four", [("pmo", "")], "test")
    form = {"name": "four", "password": password}
    assert (await other.http.post(f"{other.isthmus}/login", data=form)).status_code == 303
    assert (await other.page("/password")).status_code == 200
    access = app.landscape.access.model_copy(update={"local_accounts": False})
    app.landscape = app.landscape.model_copy(update={"access": access})
    refused = await other.http.post(f"{other.isthmus}/login", data=form)
    assert refused.status_code == 403
    assert "Nobody logs in with a password here" in refused.text
    assert 'type="password"' not in refused.text
    assert (await other.page("/password")).status_code == 303
