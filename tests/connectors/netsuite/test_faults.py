"""A bad day: lost answers, limits, dead tokens. Nothing is written twice and nothing is lost."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from isthmus.canonical import Customer, Invoice
from isthmus.connect import Throttled, Unauthorized, Unavailable
from isthmus.connectors.netsuite import client
from isthmus.connectors.netsuite.system import NetSuite

from .conftest import CLIENT_ID, Opener, Sandbox
from .firm import Firm, out, read

pytestmark = pytest.mark.anyio

PUT = {"method": "PUT", "path": "/record/v1/"}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSES", (0.01, 0.02))


async def billed(erp: NetSuite, sandbox: Sandbox) -> tuple[Firm, Invoice]:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    return firm, firm.invoice(customer)


async def test_an_answer_lost_after_the_write_is_found_by_key(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    _, invoice = await billed(erp, sandbox)
    await sandbox.faults(kind="timeout_after_commit", times=1, **PUT)
    await sandbox.faults(kind="error", **PUT)
    receipt = await erp.put(out(invoice))
    assert receipt.created is True
    assert receipt.attributes["number"] == "INV1-00001"
    assert len(await sandbox.rows("invoice")) == 1
    assert (await erp.put(out(invoice))).external_id == receipt.external_id


@pytest.mark.parametrize("kind", ["drop_before", "error"])
async def test_a_write_that_never_arrived_is_repeated(
    erp: NetSuite, sandbox: Sandbox, kind: str
) -> None:
    _, invoice = await billed(erp, sandbox)
    await sandbox.faults(kind=kind, times=1, **PUT)
    receipt = await erp.put(out(invoice))
    assert receipt.created is True
    assert len(await sandbox.rows("invoice")) == 1


async def test_a_lost_update_is_repeated(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = firm.customer()
    await erp.put(out(customer))
    await sandbox.faults(kind="drop_before", times=1, **PUT)
    receipt = await erp.put(out(customer.changed(name="Client NV")))
    assert receipt.attributes["name"] == "Client NV"
    assert len(await sandbox.rows("customer")) == 1


async def test_an_outage_is_left_to_the_engine(erp: NetSuite, sandbox: Sandbox) -> None:
    _, invoice = await billed(erp, sandbox)
    await sandbox.faults(kind="outage", path="/services/rest/record")
    with pytest.raises(Unavailable):
        await erp.put(out(invoice))
    assert await sandbox.rows("invoice") == []
    with pytest.raises(Unavailable):
        await erp.put_many([out(invoice), out(invoice)])


async def test_a_broken_body_is_an_outage(erp: NetSuite, sandbox: Sandbox) -> None:
    await sandbox.faults(kind="malformed", path="suiteql", times=1)
    with pytest.raises(Unavailable):
        await read(erp, Customer)
    assert await read(erp, Customer) is not None


@pytest.mark.parametrize("status", [429, 400])
async def test_a_busy_account_is_asked_again_and_then_left(
    erp: NetSuite, sandbox: Sandbox, status: int
) -> None:
    body = {
        "title": "Concurrent request limit exceeded. Request blocked.",
        "status": status,
        "o:errorDetails": [
            {
                "detail": "Concurrent request limit exceeded. Request blocked.",
                "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
            }
        ],
    }
    rule = {"kind": "error", "path": "suiteql", "status": status, "body": body}
    await sandbox.faults(times=2, **rule)
    assert (await erp.health()).ok is True
    await sandbox.faults(times=3, **rule)
    with pytest.raises(Throttled) as caught:
        await read(erp, Customer)
    assert caught.value.code == "CONCURRENCY_LIMIT_EXCEEDED"
    assert (await erp.health()).ok is True


async def test_calls_stay_under_the_account_s_limit(opener: Opener, sandbox: Sandbox) -> None:
    await sandbox.control("settings", {"concurrency_limit": 2})
    await sandbox.faults(kind="latency", path="suiteql", seconds=0.02)
    erp = opener(concurrency=2)
    healths = await asyncio.gather(*(erp.health() for _ in range(12)))
    assert [h.ok for h in healths] == [True] * 12


async def test_a_dead_token_is_renewed_once(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    await erp.health()
    await sandbox.control("revoke-tokens", {})
    receipt = await erp.put(out(firm.customer()))
    assert receipt.created is True


async def test_an_rsa_key_signs_in_too(opener: Opener, sandbox: Sandbox) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    registered = {
        "client_id": CLIENT_ID,
        "certificate_id": "rsa",
        "public_key": public.decode(),
    }
    await sandbox.control("integrations", registered)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    auth = {"client_id": CLIENT_ID, "certificate_id": "rsa", "private_key": private}
    assert (await opener(auth=auth).health()).ok is True


async def test_tokens_are_kept_between_calls(erp: NetSuite, sandbox: Sandbox) -> None:
    await erp.health()
    await sandbox.faults(kind="error", path="oauth2/v1/token", status=401)
    assert (await erp.health()).ok is True
    await sandbox.control("revoke-tokens", {})
    sick = await erp.health()
    assert sick.ok is False
    assert "end date of the certificate" in sick.detail


async def test_one_failed_tax_number_ends_the_reading(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    for name in ("One", "Two", "Three"):
        await erp.put(out(firm.customer(name=name)))
    await sandbox.faults(kind="outage", path="/record/v1/customer/")
    with pytest.raises(Unavailable):
        await read(erp, Customer)


async def test_a_login_that_stays_bad_stops_the_connection(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    await sandbox.faults(kind="error", path="/record/v1/", status=401)
    with pytest.raises(Unauthorized):
        await erp.put(out(firm.customer()))
    assert await sandbox.rows("customer") == []
