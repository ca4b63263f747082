"""G4: pages say exactly what is stored, deny what a role may not see, and refuse other sites."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from tests.console.reading import PAGE, read, text_of
from tests.firm import Firm
from tests.flows.work import Work
from tests.reconcile.reconciling import in_books, put_in_books

from isthmus.access.accounts import add_machine
from isthmus.access.keys import add_key
from isthmus.api.server import serving
from isthmus.console.site import PAGES
from isthmus.console.words import day
from isthmus.observe.kpis import Figures
from isthmus.store.queues import HoldFilter

pytestmark = pytest.mark.anyio
Place = tuple[Firm, Work]


@pytest.fixture(scope="module")
async def http(place: Place) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(place[0].app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as client:
        yield client


async def held(firm: Firm, code: str) -> str:
    """Label of the first open hold of a cause."""
    async with firm.app.database.begin() as tx:
        return (await tx.holds.list(code=code))[0].label


async def test_overview_tells_what_is_stuck(http: httpx2.AsyncClient) -> None:
    page = await read(http, "/")
    assert "Unbilled 1,200 EUR" in page
    assert "Ready to bill 1,200 EUR" in page
    assert "7,770 USD" in page
    assert "62 holds" in page
    assert "Rate outdated \u00d7 60" in page
    assert "1 worker" in page


async def test_key_figures_say_which_way_they_went_and_what_they_count(
    place: Place, http: httpx2.AsyncClient
) -> None:
    database, today = place[0].app.database, Figures(place[0].app.landscape).today
    first = day(today - timedelta(27))
    went = f"300.00 EUR less than on {first} (1,500.00 EUR)"
    page = await http.get("/", headers=PAGE)
    assert f"Unbilled approved time EUR 1,200.00 EUR better {went}" in text_of(page)
    assert "EUR 1,500.00 EUR not kept not kept 1,200.00 EUR" in text_of(page), "as a table"
    assert "lowest 1,200.00 EUR, highest 1,650.00 EUR" in page.text
    one = await read(http, "/trends/unbilled_approved_time")
    assert went in one
    assert "What it counts now, the highest first" in one
    assert re.search(r"Harbour redesign project EA-NL .* 1,950.00 EUR", one)
    assert "Nothing to show yet" in await read(http, "/trends")
    assert (await http.get("/trends/happiness", headers=PAGE)).status_code == 404
    await add_machine(database, "dutch", "Dutch", [("delivery", "EA-NL")], "test")
    key = (await add_key(database, "dutch", None, timedelta(hours=1), "test")).key
    auth = {**PAGE, "Authorization": f"Bearer {key}"}
    theirs = text_of(await http.get("/trends", headers=auth))
    assert f"800.00 EUR worse 100.00 EUR more than on {first} (700.00 EUR)" in theirs
    assert "1,200.00 EUR" not in theirs


async def test_live_parts_are_sent_once_and_then_only_when_something_changed(
    http: httpx2.AsyncClient,
) -> None:
    part = {**PAGE, "hx-request": "true"}
    for path in ("/exceptions", "/close"):
        first = await http.get(path, headers=part)
        assert first.status_code == 200
        assert "<html" not in first.text
        [again] = re.findall(r'hx-get="([^"]+)"', first.text)
        assert (await http.get(html.unescape(again), headers=part)).status_code == 204


async def test_same_causes_are_one_row_with_number_and_sum(http: httpx2.AsyncClient) -> None:
    page = await read(http, "/exceptions")
    assert "62 holds" in page
    assert re.search(r"Rate outdated .* 60 holds 7,770.00 USD", page)
    assert "and 1 other" in page
    assert re.search(r"Phase closed .* 1 hold 750.00 EUR Harbour Works PMO", page)


async def test_a_list_is_filtered_sorted_by_money_and_cut_into_parts(
    place: Place, http: httpx2.AsyncClient
) -> None:
    page = await read(http, "/exceptions?code=rate_outdated")
    assert "1 to 50 of 60" in page
    assert page.index("159.00 USD") < page.index("158.00 USD")
    assert "109.00 USD" not in page
    assert "51 to 60 of 60" in await read(http, "/exceptions?code=rate_outdated&after=50")
    assert "30 holds" in await read(http, "/exceptions?client=client+1&single=1")
    assert "1 hold " in await read(http, "/exceptions?text=on+day+17&single=1")
    assert "2 holds" in await read(http, "/exceptions?queue=pmo")
    assert "No open hold fits" in await read(http, "/exceptions?severity=critical")
    async with place[0].app.database.begin() as tx:
        in_july = await tx.hold_groups.list(HoldFilter(period="Jul 2026"), _now(), None)
    assert [(group.code, group.holds) for group in in_july] == [("phase_closed", 1)]


async def test_a_hold_tells_its_story_and_masks_personal_data(
    place: Place, http: httpx2.AsyncClient
) -> None:
    firm, _ = place
    label = await held(firm, "phase_closed")
    page = await read(http, f"/exceptions/{label}")
    assert "Consultant One on Harbour redesign, 2026-07-07: phase Delivery" in page
    assert "Blocked 750.00 EUR" in page
    assert "Build (07 Jul 2026 to 31 Dec 2026)" in page
    assert "hours 5" in page


async def test_a_correction_is_previewed_refused_beside_its_field_and_kept(
    place: Place, http: httpx2.AsyncClient
) -> None:
    firm, _ = place
    label = await held(firm, "billing_model_missing")
    path = f"/exceptions/{label}"
    wrong = await http.post(f"{path}/fix", data={"billing_model": "by_weight", "do": "keep"})
    assert wrong.status_code == 422
    assert 'value="by_weight" selected' in wrong.text
    assert 'aria-invalid="true"' in wrong.text
    assert "opportunity.billing_model: 'by_weight' cannot be used." in text_of(wrong)
    looked = await http.post(f"{path}/fix", data={"billing_model": "t_and_m", "do": "check"})
    assert "Nothing is kept yet." in text_of(looked)
    assert "billing model not set" in text_of(looked)
    assert "stopped it" in await read(http, path)
    assert "corrected it" not in await read(http, path)

    kept = await http.post(f"{path}/fix", data={"billing_model": "t_and_m", "do": "keep"})
    assert (kept.status_code, kept.headers["location"]) == (303, path)
    told = await read(http, path)
    assert f"{label} corrected (billing_model: None -> t_and_m)" in told
    assert "local corrected it" in told
    assert f"{label} corrected (" not in await read(http, path), "it is told once"
    for act, sent, seen in (
        ("assign", {"person": "ana"}, "PMO · ana"),
        ("comment", {"text": "asked <b>Bo</b>"}, "local said just now asked <b>Bo</b>"),
    ):
        assert (await http.post(f"{path}/{act}", data=sent)).status_code == 303
        assert seen in await read(http, path)
    empty = await http.post(f"{path}/skip", data={"reason": " "})
    assert empty.status_code == 422
    assert "A skip needs a reason" in text_of(empty)


async def test_many_are_looked_at_before_anything_is_done(
    place: Place, http: httpx2.AsyncClient
) -> None:
    wish = {"act": "assign", "value": "ana", "code": "rate_outdated", "client": "Client 0"}
    page = text_of(await http.get("/exceptions/bulk", params=wish, headers=PAGE))
    assert "Assign: 30 holds" in page
    assert "3,870.00 USD" in page
    assert "0 holds" in await read(http, "/exceptions?assignee=ana&code=rate_outdated")
    asked = await http.post("/exceptions/bulk", data=wish)
    assert asked.status_code == 303
    bulk = await read(http, asked.headers["location"])
    assert "Asked by local" in bulk
    everything = await http.get("/exceptions/bulk", params={"act": "replay"}, headers=PAGE)
    assert everything.status_code == 422
    assert "All open holds are never meant." in text_of(everything)


async def test_close_agrees_to_the_hour_and_the_cent(http: httpx2.AsyncClient) -> None:
    page = await read(http, "/close")
    assert "Close of Jul 2026" in page
    assert re.search(r"EA-NL EUR 2 13.00 0.00 5.00 0.00 8.00 1,200.00 1,200.00 0.00 not yet", page)
    assert "Phase closed" in page
    assert "Rate outdated" not in page, "it is of no day in this month"


async def test_two_systems_are_compared_a_difference_accepted_and_the_run_signed(
    place: Place, http: httpx2.AsyncClient
) -> None:
    firm, _ = place
    assert "never" in await read(http, "/reconciliation")
    [monday] = in_books(firm, "timeBill")
    put_in_books(firm, "timeBill", monday, rate=Decimal(140))
    asked = await http.post("/reconciliation", data={"name": "time"})
    assert asked.status_code == 303
    await firm.settle()
    path = asked.headers["location"]
    page = await read(http, path)
    assert path == "/reconciliation/RC-1"
    assert re.search(r"certinia and netsuite, .* unexplained differences", page)
    assert "8 h of 2026-07-06 at 150.00 EUR: rate 150 EUR / 140 EUR" in page
    [code] = re.findall(r"150 EUR / 140 EUR .*?(BR-\d+)", page)
    early = await http.post(f"{path}/sign", data={"role": "finance"})
    assert early.headers["location"] == path
    assert "is not signed" in await read(http, path)
    for reason, told in ((" ", f"{code} is not accepted."), ("held", f"{code} is accepted: held")):
        answer = await http.post(f"{path}/breaks/{code}/accept", data={"reason": reason})
        assert answer.status_code == 303
        assert told in await read(http, path)
    assert (await http.post(f"{path}/sign", data={"role": "finance"})).status_code == 303
    assert "Signature, finance local just now" in await read(http, path)
    assert (await http.post(f"{path}/sign", data={"role": "nobody"})).status_code == 403
    assert (await http.post(f"{path}/breaks/BR-99/repair")).status_code == 404


async def test_a_deal_is_followed_through_every_system(
    place: Place, http: httpx2.AsyncClient
) -> None:
    work = place[1]
    page = await read(http, f"/journey?q={work.project['Id']}")
    assert re.search(
        rf"Project .* certinia {work.project['Id']}|salesforce {work.project['Id']}", page
    )
    assert "opportunity to project succeeded" in page.replace("_", " ")
    assert "Trace" in page
    nobody = await read(http, "/journey?q=NO-SUCH-ID")
    assert "Nothing here is called NO-SUCH-ID" in nobody
    assert "Enter an id of the CRM" in await read(http, "/journey")


async def test_runs_are_listed_and_told_step_by_step(http: httpx2.AsyncClient) -> None:
    page = await http.get("/flows?flow=opportunity_to_project&state=succeeded", headers=PAGE)
    [label] = re.findall(r'href="/flows/(R-\d+)"', page.text)
    run = await read(http, f"/flows/{label}")
    assert "opportunity to project" in run
    assert "succeeded" in run
    assert "Started by opportunity.closed_won" in run
    assert re.search(r"1 validate deal .*?done \d+\.\d{3} s .* What it returned \S+", run)
    assert re.search(r"Opportunity, as it is now .* name Harbour redesign CRM", run)
    [api] = [r for r in (await http.get("/ops/v1/runs")).json()["items"] if r["label"] == label]
    steps = (await http.get(f"/ops/v1/runs/{api['label']}")).json()["steps"]
    assert all(step["took_ms"] >= 0 for step in steps)
    assert 'action="/flows/' not in (await http.get(f"/flows/{label}", headers=PAGE)).text
    assert "No run is like this" in await read(http, "/flows?state=dead")
    assert (await http.get("/flows/R-9999", headers=PAGE)).status_code == 404


async def test_each_system_says_how_it_is(place: Place, http: httpx2.AsyncClient) -> None:
    await place[0].app.telemetry.flush()
    page = await read(http, "/systems")
    assert re.search(r"netsuite answers", page)
    told = r"the one before: \d+, half of them within \d+ ms, 95 of 100 within \d+ ms"
    assert len(re.findall(told, page)) == 2, "Certinia shares the calls of its Salesforce"
    assert "1 worker at work" in page
    assert "0 messages wait to be read" in page


async def test_what_a_role_may_not_see_is_neither_shown_nor_given(
    place: Place, http: httpx2.AsyncClient
) -> None:
    database = place[0].app.database
    await add_machine(database, "reader", "Reader", [("delivery", "")], "test")
    key = (await add_key(database, "reader", None, timedelta(hours=1), "test")).key
    auth = {**PAGE, "Authorization": f"Bearer {key}"}
    page = await http.get("/exceptions", headers=auth)
    assert page.status_code == 200
    assert 'href="/close"' not in page.text
    label = await held(place[0], "phase_closed")
    one = await http.get(f"/exceptions/{label}", headers=auth)
    assert f'action="/exceptions/{label}/' not in one.text
    denied = await http.get("/close", headers=auth)
    assert denied.status_code == 403
    assert "You may not open this" in text_of(denied)
    for act in ("fix", "replay", "skip", "resolve", "assign", "comment"):
        answer = await http.post(f"/exceptions/{label}/{act}", headers=auth, data={"reason": "x"})
        assert answer.status_code == 403, act


async def test_other_sites_and_unknown_addresses(http: httpx2.AsyncClient) -> None:
    away = {"origin": "https://evil.example"}
    assert (await http.post("/exceptions/H-1/replay", headers=away)).status_code == 403
    cross = {"sec-fetch-site": "cross-site"}
    assert (await http.post("/exceptions/H-1/replay", headers=cross)).status_code == 403
    lost = await http.get("/nowhere", headers=PAGE)
    assert lost.status_code == 404
    assert "There is nothing here" in text_of(lost)
    assert (await http.get("/nowhere")).headers["content-type"] == "application/problem+json"
    assert (await http.get("/exceptions/H-99999", headers=PAGE)).status_code == 404


async def test_assets_are_kept_for_good_under_names_of_their_content(
    http: httpx2.AsyncClient,
) -> None:
    page = await http.get("/", headers=PAGE)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|\son\w+=|\sstyle=", page.text)
    names = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(names) == 7
    for name in names:
        answer = await http.get(name)
        assert answer.status_code == 200, name
        assert re.fullmatch(r"/static/[\w.]+\.[0-9a-f]{10}\.\w+", name)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_every_page_has_an_address_of_its_own_and_asks_for_a_permission() -> None:
    assert len({page.path for page in PAGES}) == len(PAGES)
    assert PAGES[0].path == "/"


def _now() -> datetime:
    return datetime.now(UTC)
