"""H1: who logs out at the provider is logged out here; a token that proves nothing ends nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.firm import a_firm

from isthmus.access.accounts import add_person, named
from isthmus.access.back_channel import EVENT
from isthmus.access.log_in import begin
from isthmus.api.server import serving
from isthmus.app import App
from isthmus.sandbox.serve import serving as listening
from isthmus.store.log_ins import KnownBy
from isthmus.web.sessions import SESSION, lasts_of

pytestmark = pytest.mark.anyio
CLIENT = "isthmus"
OURS = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": "k1"})
THEIRS = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": "k1"})
PEOPLE = (("ana", "s1", "one"), ("ana", "s1", "two"), ("ben", "s2", "three"))
"""Account, subject and session at the provider."""


@asynccontextmanager
async def a_provider() -> AsyncIterator[str]:
    """What it says of itself, and the key that it signs with."""
    web, at = FastAPI(), {"issuer": ""}

    @web.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        ends = dict.fromkeys(("authorization_endpoint", "token_endpoint"), f"{at['issuer']}/x")
        return {"issuer": at["issuer"], "jwks_uri": f"{at['issuer']}/keys", **ends}

    @web.get("/keys")
    async def keys() -> dict[str, Any]:
        return {"keys": [OURS.as_dict(private=False)]}

    async with listening(web) as url:
        at["issuer"] = url
        yield url


@pytest.fixture
async def place(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[App, str, str]]:
    """The application, its address, the issuer; three sessions of two people are open."""
    async with a_provider() as issuer:
        more = (
            f"access: {{providers: {{firm: {{issuer: '{issuer}', client_id: {CLIENT}, "
            "groups: {all: finance}}}}"
        )
        async with (
            a_firm(database_url, tmp_path, more=more, works=False) as firm,
            serving(firm.app) as url,
        ):
            yield firm.app, url, issuer


async def sessions_of(app: App, issuer: str) -> dict[str, str]:
    """Session at the provider -> the cookie's secret here."""
    for name in ("ana", "ben"):
        await add_person(app.database, name, name, [("finance", "")], "test")
    found = {}
    async with app.database.begin() as tx:
        for name, subject, sid in PEOPLE:
            row = await named(tx, name)
            await tx.accounts.set_password(row.id, row.password or "", must_change=False)
            raw = signed(issuer, sub=subject, sid=sid, events=None)
            known = KnownBy("firm", raw)
            found[sid] = await begin(tx, row, "127.0.0.1", lasts_of(app.settings), None, known)
    return found


def signed(issuer: str, key: RSAKey = OURS, **changed: Any) -> str:
    """What a good token says, but for what is changed; None leaves a claim out."""
    now = int(time.time())
    good = {"iss": issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": "j-1",
            "events": {EVENT: {}}}  # fmt: skip
    claims = {name: value for name, value in (good | changed).items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "k1", "typ": "logout+jwt"}, claims, key)


async def tells(url: str, token: str) -> tuple[int, str]:
    async with httpx2.AsyncClient(base_url=url) as http:
        answer = await http.post("/backchannel/firm", data={"logout_token": token})
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error_description"] if answer.content else ""


async def open_sessions(url: str, secrets: dict[str, str]) -> list[str]:
    found = []
    for sid, secret in secrets.items():
        async with httpx2.AsyncClient(base_url=url, cookies={SESSION: secret}) as http:
            answer = await http.get("/experience/v1/executive")
        if answer.status_code == 200:
            found.append(sid)
    return found


async def test_the_session_of_that_log_out_ends_and_no_other(place: tuple[App, str, str]) -> None:
    app, url, issuer = place
    secrets = await sessions_of(app, issuer)
    assert await open_sessions(url, secrets) == ["one", "two", "three"]
    assert await tells(url, signed(issuer, sid="two", sub="s1")) == (200, "")
    assert await open_sessions(url, secrets) == ["one", "three"]
    assert await tells(url, signed(issuer, sid="three", sub="s1", jti="j-2")) == (200, "")
    assert await open_sessions(url, secrets) == ["one", "three"], "it is of another person"
    async with app.database.begin() as tx:
        [act] = await tx.audit.list(action="log_out")
    assert (act.principal, act.object_id) == ("provider:firm", "ana")


async def test_a_log_out_of_a_person_ends_all_their_sessions(place: tuple[App, str, str]) -> None:
    app, url, issuer = place
    secrets = await sessions_of(app, issuer)
    assert await tells(url, signed(issuer, sub="s1")) == (200, "")
    assert await open_sessions(url, secrets) == ["three"]


async def test_a_token_that_proves_nothing_ends_nothing(place: tuple[App, str, str]) -> None:
    app, url, issuer = place
    secrets, now = await sessions_of(app, issuer), int(time.time())
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("`iss`", {"iss": "https://other.example"}), ("`aud`", {"aud": "another client"}),
        ("`aud`", {"aud": None}), ("`nonce`", {"nonce": "n-1"}), ("`events`", {"events": None}),
        ("`events`", {"events": {"http://other.example/event": {}}}), ("`jti`", {"jti": None}),
        ("`exp`", {"exp": now - 120}), ("`exp`", {"exp": None}), ("`iat`", {"iat": now - 3600}),
        ("`iat`", {"iat": now + 3600}), ("`sub` and `sid`", {"sub": None}),
        ("signature", {"key": THEIRS}),
    )  # fmt: skip
    for fault, changed in wrong:
        status, why = await tells(url, signed(issuer, **{"sub": "s1", **changed}))
        assert (status, fault in why) == (400, True), (fault, why)
    for nonsense in ("", "x", "a.b.c", signed(issuer, sub="s1")[:-9]):
        assert (await tells(url, nonsense))[0] == 400, nonsense
    assert await open_sessions(url, secrets) == ["one", "two", "three"]


async def test_a_token_counts_once(place: tuple[App, str, str]) -> None:
    app, url, issuer = place
    secrets = await sessions_of(app, issuer)
    token = signed(issuer, sid="one")
    assert (await tells(url, token))[0] == 200
    status, why = await tells(url, token)
    assert (status, "it came before" in why) == (400, True)
    again = await tells(url, signed(issuer, sid="two"))
    assert again == (400, why), "the id is taken, whatever the token says"
    assert await open_sessions(url, secrets) == ["two", "three"]


async def test_nobody_is_called_so(place: tuple[App, str, str]) -> None:
    async with httpx2.AsyncClient(base_url=place[1]) as http:
        assert (
            await http.post("/backchannel/nobody", data={"logout_token": "x"})
        ).status_code == 404
