"""Period locks, the silent move out of a closed period, and the forms of the refusal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from isthmus.sandbox.netsuite import NetSuiteAccount

from .conftest import RECORD, Api, invoice, line

pytestmark = pytest.mark.anyio
FEBRUARY = {"postingPeriod": {"externalId": "2026-02"}}


@pytest.fixture
def account() -> NetSuiteAccount:
    """Its clock stands in March 2026 but moves on, so that tokens and stamps work."""
    offset = datetime(2026, 3, 15, 12, tzinfo=UTC) - datetime.now(UTC)
    account = NetSuiteAccount(now=lambda: datetime.now(UTC) + offset)
    account.offset = offset  # type: ignore[attr-defined]
    return account


@pytest.fixture
async def api(bare: Api, account: Any) -> Api:
    from .conftest import FIRM

    await bare.control("seed", FIRM)
    now = int((datetime.now(UTC) + account.offset).timestamp())
    answer = await bare.ask_token(bare.assertion(iat=now, exp=now + 300))
    bare.token = answer.json()["access_token"]
    return bare


async def period_of(api: Api, row_id: str) -> str:
    return str((await api.get("invoice", row_id))["postingPeriod"]["refName"])


@pytest.mark.parametrize("lock", ["closed", "allLocked", "arLocked"])
async def test_a_locked_period_refuses(api: Api, lock: str) -> None:
    await api.control("periods", {"period": "Feb 2026", lock: True})
    answer = await api.send("POST", f"{RECORD}/invoice", invoice(**FEBRUARY))
    (detail,) = answer.json()["o:errorDetails"]
    assert (answer.status_code, detail["o:errorCode"]) == (400, "USER_ERROR")
    assert "Feb 2026 is " + ("closed" if lock == "closed" else "locked") in detail["detail"]
    assert await api.rows("invoice") == []
    await api.control("periods", {"period": "Feb 2026", lock: False})
    assert await period_of(api, await api.create("invoice", **invoice(**FEBRUARY))) == "Feb 2026"


@pytest.mark.parametrize("code", ["USER_ERROR", "TRAN_PRD_CLOSED", "TRAN_PERIOD_CLOSED"])
async def test_the_refusal_comes_in_three_forms(api: Api, code: str) -> None:
    await api.control("settings", {"closed_period_error": code})
    await api.control("periods", {"period": "Feb 2026", "closed": True})
    answer = await api.send("POST", f"{RECORD}/invoice", invoice(**FEBRUARY))
    (detail,) = answer.json()["o:errorDetails"]
    assert detail["o:errorCode"] == code
    assert "Feb 2026" in detail["detail"]


@pytest.mark.parametrize(
    ("policy", "day", "moved_to"),
    [("current", "2026-01-10", "Mar 2026"), ("first_open", "2026-01-10", "Feb 2026")],
)
async def test_without_a_period_a_closed_one_is_left_silently(
    api: Api, policy: str, day: str, moved_to: str
) -> None:
    await api.control("settings", {"default_period_when_closed": policy})
    await api.control("periods", {"period": "Jan 2026", "closed": True})
    row_id = await api.create("invoice", **invoice(tranDate=day))
    assert await period_of(api, row_id) == moved_to


async def test_a_sent_period_is_honoured_outside_its_dates(api: Api) -> None:
    row_id = await api.create("invoice", **invoice(postingPeriod={"externalId": "2026-03"}))
    assert await period_of(api, row_id) == "Mar 2026"
    await api.control("settings", {"date_outside_period": "disallow"})
    body = invoice(postingPeriod={"externalId": "2026-03"})
    assert await api.refused("POST", f"{RECORD}/invoice", body) == (400, "USER_ERROR", "tranDate")


async def test_a_posted_invoice_in_a_closed_period_stands(api: Api) -> None:
    row_id = await api.create("invoice", **invoice())
    path = f"{RECORD}/invoice/{row_id}"
    await api.control("periods", {"period": "Feb 2026", "closed": True})
    more = {"item": {"items": [line()]}}
    assert (await api.refused("PATCH", path, more))[1] == "USER_ERROR"
    assert (await api.refused("PATCH", path, {"memo": "x"}))[1] == "USER_ERROR"
    assert (await api.refused("DELETE", path))[1] == "USER_ERROR"
    await api.control("periods", {"period": "Feb 2026", "allowNonGLChanges": True})
    assert (await api.send("PATCH", path, {"memo": "x"})).status_code == 204
    assert (await api.refused("PATCH", path, more))[1] == "USER_ERROR"


async def test_time_follows_the_period_but_not_its_receivables_lock(api: Api) -> None:
    entry = {
        "employee": {"externalId": "emp-1"},
        "customer": {"externalId": "proj-1"},
        "hours": "1:30",
        "tranDate": "2026-02-03",
    }
    await api.control("periods", {"period": "Feb 2026", "arLocked": True})
    await api.create("timeBill", **entry)
    await api.control("periods", {"period": "Feb 2026", "closed": True})
    assert (await api.refused("POST", f"{RECORD}/timeBill", entry))[1] == "USER_ERROR"
    assert len(await api.rows("timeBill")) == 1
