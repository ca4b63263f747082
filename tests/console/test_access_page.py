"""H1, H2: accounts, roles and keys as pages; nobody locks the firm out, no secret is seen twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from tests.console.govern import ACCESS, PAGE, as_role, read, text_of
from tests.firm import Firm

from isthmus.access import PERMISSIONS, AccessRole, Permission

pytestmark = pytest.mark.anyio
MORE = ACCESS
PASSWORD = "correct horse battery"


async def send(
    http: httpx2.AsyncClient, path: str, sent: Mapping[str, str] | None = None
) -> httpx2.Response:
    """A form of a page of the same session."""
    [token] = re.findall(r'name="csrf-token" content="(\w*)"', (await http.get("/password")).text)
    return await http.post(path, data={**(sent or {}), "csrf_token": str(token)}, headers=PAGE)


async def path_of(firm: Firm, name: str) -> str:
    async with firm.app.database.begin() as tx:
        row = await tx.accounts.named(name)
    assert row is not None
    return f"/access/accounts/{row.id}"


async def acts(firm: Firm, name: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What was done to an account or key, the youngest first."""
    async with firm.app.database.begin() as tx:
        return [(r.action, r.before, r.after) for r in await tx.audit.list(object_id=name)]


async def log_in(http: httpx2.AsyncClient, name: str, first: str, password: str) -> None:
    given = {"name": name, "password": first, "next": "/"}
    assert (await http.post("/login", data=given)).headers["location"] == "/password"
    changed = await send(http, "/password", {"old": first, "new": password})
    assert changed.headers["location"] == "/"


async def test_the_first_account_must_be_able_to_make_the_next(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    page = await read(http, "/access")
    assert "Nobody has an account yet" in page
    assert "No person has an account" in page
    for sent, field, why in (
        ({"name": "boss", "role": "finance", "where": ""}, "role", "nobody could give roles here"),
        ({"name": "boss", "role": "admin", "where": "EA-NL"}, "role", "is not made"),
        ({"name": "a b", "role": "admin", "where": ""}, "name", "'a b' cannot be the name"),
        ({"name": "", "role": "admin", "where": ""}, "name", "An account needs a name."),
        ({"name": "boss", "role": "king", "where": ""}, "role", "Choose what the account may do."),
        ({"name": "boss", "role": "admin", "where": "XX"}, "where", "no company or region XX"),
    ):
        refused = await http.post("/access", data=sent, headers=PAGE)
        assert refused.status_code == 422
        assert why in text_of(refused)
        assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', refused.text), sent
        assert f'value="{sent["name"]}"' in refused.text, "what was typed is kept"
    async with firm.app.database.begin() as tx:
        assert await tx.accounts.list() == []

    made = await http.post("/access", data={"name": "Boss", "role": "admin", "where": ""})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    [first] = re.findall(r"<code>([a-z0-9-]{23})</code>", made.text)
    assert (await http.get("/access", headers=PAGE)).status_code == 303, "log in from now on"
    await log_in(http, "boss", first, PASSWORD)
    page = await read(http, "/access")
    assert re.search(r"boss admin may log in just now 1 session", page)
    assert first not in (await http.get("/access")).text


async def test_the_last_who_manages_can_neither_be_disabled_nor_lose_the_role(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    boss = await path_of(firm, "boss")
    whole = {"role": "admin", "where": ""}
    for act, sent in (("disable", {}), ("take-back", whole)):
        assert (await send(http, f"{boss}/{act}", sent)).status_code == 303
        page = await read(http, boss)
        assert "It is the last person who is admin for the whole firm" in page
        assert "Make somebody else admin for the whole firm first." in page
    await send(http, f"{boss}/grant", {"role": "admin", "where": "benelux"})
    await send(http, f"{boss}/take-back", whole)
    assert "It is the last person" in await read(http, boss), "a region is not the firm"
    taken = [act for act, *_ in await acts(firm, "boss")]
    assert taken.count("account.granted") == 1
    assert "account.disabled" not in taken

    deputy = await send(http, "/access", {"name": "deputy", **whole})
    assert deputy.status_code == 201
    await send(http, f"{boss}/take-back", {"role": "admin", "where": "benelux"})
    second = await path_of(firm, "deputy")
    await send(http, f"{second}/disable")
    await send(http, f"{boss}/take-back", whole)
    assert "It is the last person" in await read(http, boss), "who is disabled does not count"
    await send(http, f"{second}/enable")
    await send(http, f"{second}/take-back", whole)
    assert "deputy is no longer admin for the whole firm" in await read(http, second)
    assert "may nothing" in await read(http, second)


async def test_roles_are_given_and_taken_one_by_one_and_told(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    assert (await send(http, "/access", {"name": "pia", "role": "pmo", "where": "EA-NL"}
                       )).status_code == 201  # fmt: skip
    pia = await path_of(firm, "pia")
    again = await send(http, "/access", {"name": "PIA", "role": "pmo", "where": ""})
    assert "There is an account pia already." in text_of(again)
    await send(http, f"{pia}/grant", {"role": "finance", "where": "benelux"})
    assert "pia is now finance for benelux" in await read(http, pia)
    wrong = await send(http, f"{pia}/grant", {"role": "finance", "where": "mars"})
    assert wrong.status_code == 422
    assert "There is no company or region mars" in text_of(wrong)
    await send(http, f"{pia}/take-back", {"role": "pmo", "where": "EA-NL"})
    assert [(before, after) for _, before, after in await acts(firm, "pia")] == [
        ({"roles": ["finance@benelux", "pmo@EA-NL"]}, {"roles": ["finance@benelux"]}),
        ({"roles": ["pmo@EA-NL"]}, {"roles": ["finance@benelux", "pmo@EA-NL"]}),
        ({}, {"roles": ["pmo@EA-NL"]}),
    ]
    for asked, found in (("pia", 1), ("benelux", 1), ("admin", 1), ("zz", 0)):
        page = await http.get(f"/access?q={asked}", headers=PAGE)
        assert page.text.count("<tr data-row>") == found, asked
    assert "Nobody is like this" in await read(http, "/access?q=zz")


async def test_a_reset_or_an_end_logs_out_at_once(firm: Firm, http: httpx2.AsyncClient) -> None:
    pia = await path_of(firm, "pia")
    reset = await send(http, f"{pia}/reset")
    [first] = re.findall(r"<code>([a-z0-9-]{23})</code>", reset.text)
    async with httpx2.AsyncClient(base_url=http.base_url, timeout=30) as other:
        await log_in(other, "pia", first, "another good password")
        assert (await other.get("/", headers=PAGE)).status_code == 200
        assert "just now just now 127.0.0.1" in await read(http, pia)
        await send(http, f"{pia}/end-sessions")
        assert "pia is logged out everywhere" in await read(http, pia)
        assert (await other.get("/", headers=PAGE)).status_code == 303
    assert "Nobody is logged in with it." in await read(http, pia)
    assert [act for act, *_ in (await acts(firm, "pia"))[:1]] == ["sessions.ended"]


async def test_a_key_is_shown_once_rotated_with_an_overlap_and_revoked(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    assert "No machine has an account" in await read(http, "/access/machines")
    made = await send(http, "/access/machines", {"name": "psa", "role": "service", "where": ""})
    psa = made.headers["location"]
    assert "It has no key" in await read(http, psa)
    for days, why in (("0", "0 does not do"), ("401", "1 to 400"), ("soon", "soon does not do")):
        refused = await send(http, f"{psa}/keys", {"days": days, "scope:time.submit": "1"})
        assert refused.status_code == 422
        assert why in text_of(refused)
        assert 'name="scope:time.submit" value="1" checked' in refused.text
    strange = await send(http, f"{psa}/keys", {"days": "9", "scope:all": "1"})
    assert "There is no scope all" in text_of(strange)

    narrow = await send(http, f"{psa}/keys", {"days": "10", "scope:time.submit": "1"})
    key = _key(narrow)
    assert key not in (await http.get(psa)).text
    page = await read(http, psa)
    assert "ends soon time.submit made just now by boss ends in 9 d used never" in page
    assert await asks(http, key) == 403, "events are no scope of it"
    assert "by boss ends in 9 d used just now" in await read(http, psa)

    id = key.split("_")[1]
    rotate = {"rotates": "1", "overlap": "31", "days": "90"}
    assert "1 to 30" in text_of(await send(http, f"{psa}/keys/{id}/rotate", rotate))
    new = _key(await send(http, f"{psa}/keys/{id}/rotate", {**rotate, "overlap": "1"}))
    assert [await asks(http, each) for each in (key, new)] == [403, 403], "both work"
    assert (await read(http, psa)).count("Rotate Overlap, days") == 2
    await send(http, f"{psa}/keys/{id}/revoke", {"reason": "left in a log"})
    assert f"Key {id} is revoked" in await read(http, psa)
    assert [await asks(http, each) for each in (key, new)] == [401, 403]
    assert [act for act, *_ in await acts(firm, id)] == ["key.revoked", "key.rotated", "key.added"]
    await send(http, f"{psa}/disable")
    assert await asks(http, new) == 401
    unknown = await send(http, f"{psa}/keys/nothing/revoke")
    assert unknown.status_code == 404
    lost = await http.get("/access/accounts/0197f000-0000-7000-8000-000000000000", headers=PAGE)
    assert lost.status_code == 404


def _key(answer: httpx2.Response) -> str:
    assert answer.status_code == 201, answer.text
    [key] = re.findall(r"<code>(isk_[^<]+)</code>", answer.text)
    return str(key)


async def asks(http: httpx2.AsyncClient, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return (await http.get("/events", headers=headers)).status_code


async def test_the_matrix_is_the_permissions(http: httpx2.AsyncClient) -> None:
    page = await http.get("/access/roles", headers=PAGE)
    body = page.text.split("<main")[1]
    assert body.count('<span class="hidden">yes</span>') == sum(map(len, PERMISSIONS.values()))
    assert body.count('scope="row"') == len(Permission) == 34
    assert len(re.findall(r'<th scope="col" id="\w+">', body)) == len(AccessRole) == 9
    row = re.search(r"<code>audit.export</code>.*?</tr>", body, re.S)
    assert row is not None
    assert re.findall("hidden\">(yes|no)", row[0]) == [
        "yes", "no", "no", "no", "no", "no", "yes", "no", "no",
    ]  # fmt: skip
    assert "POST /audit/export" in row[0]


async def test_who_reads_does_not_manage_and_a_part_of_the_firm_is_not_enough(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    auditor = await as_role(firm, "auditor", "auditor")
    local = await as_role(firm, "chief-nl", "admin", "EA-NL")
    pia = await path_of(firm, "pia")
    async with httpx2.AsyncClient(base_url=http.base_url, timeout=30) as other:
        page = await other.get(pia, headers=auditor)
        assert page.status_code == 200
        assert 'method="post"' not in page.text
        assert "Add a person" not in await read(other, "/access", auditor)
        for path in ("/access", "/access/machines", "/access/roles", pia):
            assert "for EA-NL only" in await read(other, path, local, 403)
        raised = {"role": "admin", "where": ""}
        for headers in (auditor, local):
            for act in ("grant", "take-back", "disable", "enable", "reset", "end-sessions",
                        "keys", "keys/x/rotate", "keys/x/revoke"):  # fmt: skip
                answer = await other.post(f"{pia}/{act}", headers=headers, data=raised)
                assert answer.status_code == 403, act
            for path in ("/access", "/access/machines"):
                answer = await other.post(path, headers=headers, data={"name": "eve", **raised})
                assert answer.status_code == 403
    async with firm.app.database.begin() as tx:
        assert await tx.accounts.named("eve") is None
