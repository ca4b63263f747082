"""H1, H2: who is logged in, with what, and for how long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import text
from tests.firm import Firm

from isthmus.access import LOCAL, Permission
from isthmus.access.accounts import add_machine, add_person, first_person, set_disabled
from isthmus.access.keys import add_key, revoke_key, rotate_key
from isthmus.api.server import serving
from isthmus.web.lately import Lately

pytestmark = pytest.mark.anyio
NEW = "correct horse battery"
COOKIE = "isthmus_session"


@asynccontextmanager
async def asking(firm: Firm) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        yield http


async def log_in(http: httpx2.AsyncClient, name: str, password: str) -> httpx2.Response:
    return await http.post("/login", data={"name": name, "password": password, "next": "//evil"})


async def csrf(http: httpx2.AsyncClient, path: str) -> str:
    [token] = re.findall(r'name="csrf-token" content="(\w*)"', (await http.get(path)).text)
    return str(token)


async def acts(firm: Firm) -> list[str]:
    """The newest first."""
    async with firm.app.database.begin() as tx:
        return [row.action for row in await tx.audit.list()]


async def test_from_the_first_password_to_the_last_act(firm: Firm) -> None:
    async with asking(firm) as http:
        assert (await http.get("/exceptions")).status_code == 200, "no account: this machine may"
        password = await first_person(firm.app.database, "test")
        assert password is not None
        assert await first_person(firm.app.database, "test") is None
        page = await http.get("/exceptions?state=held", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (
            303, "/login?next=%2Fexceptions%3Fstate%3Dheld",
        )  # fmt: skip
        assert (await http.get("/events")).status_code == 401

        for name in ("admin", "nobody"):
            refused = await log_in(http, name, "wrong")
            assert refused.status_code == 401
            assert "The name or the password is wrong" in refused.text
            assert COOKIE not in refused.headers.get("set-cookie", "")

        first = await log_in(http, "Admin", password)
        assert (first.status_code, first.headers["location"]) == (303, "/password")
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        before = http.cookies[COOKIE]
        barred = await http.get("/exceptions")
        assert (barred.status_code, barred.headers["location"]) == (303, "/password")

        token = await csrf(http, "/password")
        change = {"old": password, "new": NEW}
        assert (await http.post("/password", data=change)).status_code == 403
        weak = {"old": password, "new": "adminadmin12", "csrf_token": token}
        assert (await http.post("/password", data=weak)).status_code == 422
        done = await http.post("/password", data={**change, "csrf_token": token})
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert http.cookies[COOKIE] != before
        assert (await http.get("/exceptions")).status_code == 200
        stolen = await http.get("/exceptions", headers={"cookie": f"{COOKIE}={before}"})
        assert stolen.status_code == 303, "the session before is over"

        token = await csrf(http, "/exceptions")
        assert (await http.post("/logout")).status_code == 403
        out = await http.post("/logout", headers={"X-CSRF-Token": token})
        assert (out.status_code, out.headers["location"]) == (303, "/login")
        assert COOKIE not in http.cookies

        again = await log_in(http, "admin", NEW)
        assert (again.status_code, again.headers["location"]) == (303, "/")
        kept = {"cookie": f"{COOKIE}={http.cookies[COOKIE]}"}
        async with firm.app.database.begin() as tx:
            plain = await tx.connection.execute(text("select digest from session"))
            assert http.cookies[COOKIE].encode() not in plain.scalars().one()
            await tx.connection.execute(
                text("update session set seen_at = now() - interval '61 minutes'")
            )
        assert (await http.get("/exceptions", headers=kept)).status_code == 303, "idle"
    assert await acts(firm) == [
        "log_in", "log_out", "password.changed", "log_in", "log_in", "log_in",
        "log_in.refused", "log_in.refused", "account.added",
    ]  # fmt: skip


async def test_wrong_passwords_cost_time_for_that_account_and_address_alone(firm: Firm) -> None:
    password = await add_person(firm.app.database, "ben", "Ben", [("finance", "")], "test")
    async with asking(firm) as http:
        answers = [(await log_in(http, "ben", "wrong")).status_code for _ in range(7)]
        assert answers == [401] * 6 + [429]
        refused = await log_in(http, "ben", password)
        assert refused.status_code == 429, "the right one is not looked at either"
        assert 1 <= int(refused.headers["retry-after"]) <= 3
        assert (await log_in(http, "anna", "wrong")).status_code == 401
        async with firm.app.database.begin() as tx:
            await tx.connection.execute(text("update log_in_failure set until = now()"))
        assert (await log_in(http, "ben", password)).status_code == 303
        await set_disabled(firm.app.database, "ben", True, "test")
        assert (await http.get("/exceptions")).status_code == 303
        assert (await log_in(http, "ben", password)).status_code == 401


async def test_keys_are_narrow_end_and_overlap(firm: Firm) -> None:
    database, day = firm.app.database, timedelta(days=1)
    await add_machine(database, "psa", "The PSA", [("service", "")], "test")
    wide = await add_key(database, "psa", None, day, "test")
    narrow = await add_key(database, "psa", [Permission.TIME_SUBMIT], day, "test")

    async with asking(firm) as http:

        async def read(key: str) -> int:
            answer = await http.get("/events", headers={"Authorization": f"Bearer {key}"})
            return answer.status_code

        assert await read(wide.key) == 200
        assert await read(narrow.key) == 403
        assert await read(wide.key[:-1]) == 401
        new = await rotate_key(database, wide.id, day, timedelta(hours=1), "test")
        assert [await read(key.key) for key in (wide, new)] == [200, 200]
        async with database.begin() as tx:
            await tx.connection.execute(
                text("update api_key set expires_at = now() where id = :id"), {"id": wide.id}
            )
        assert [await read(key.key) for key in (wide, new)] == [401, 200]
        assert await revoke_key(database, new.id, "test")
        assert not await revoke_key(database, new.id, "test")
        assert await read(new.key) == 401
        assert (await http.get("/events")).status_code == 200, "no person has an account"
    async with database.begin() as tx:
        rows = await tx.api_keys.list()
    assert [row.used_at is not None for row in rows] == [True] * 3


async def test_at_the_door_of_bursts_a_revoked_key_ends_within_a_second(firm: Firm) -> None:
    """Who was let in there a moment ago is not looked up again."""
    database = firm.app.database
    await add_machine(database, "psa", "The PSA", [("service", "")], "test")
    key = await add_key(database, "psa", [Permission.TIME_SUBMIT], timedelta(days=1), "test")

    async with asking(firm) as http:

        async def post(**headers: str) -> int:
            answer = await http.post(
                "/process/v1/time-entries", params={"connection": "certinia"}, json=[],
                headers={"Idempotency-Key": headers.get("Authorization", "nobody's"), **headers},
            )  # fmt: skip
            return answer.status_code

        bearer = {"Authorization": f"Bearer {key.key}"}
        assert await post(**bearer) == await post() == 200
        assert await post(Host="a-name-of-a-page") == 403, "the moment is of this machine alone"
        assert await post(Authorization=f"Bearer {key.key[:-1]}") == 401
        assert await revoke_key(database, key.id, "test")
        for _ in range(100):
            if await post(**bearer) == 401:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("a revoked key still works")


def test_a_caller_is_remembered_for_a_second_and_by_the_whole_of_the_key() -> None:
    now = 0.0
    lately = Lately(lambda: now)
    lately.keep("Bearer isk_1_secret", LOCAL)
    now = 0.9
    assert lately.who("Bearer isk_1_secret") is LOCAL
    assert lately.who("Bearer isk_1_secre") is lately.who("") is None
    now = 1.0
    assert lately.who("Bearer isk_1_secret") is None
