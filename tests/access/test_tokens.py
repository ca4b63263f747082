"""H1: machines get short tokens for a client id and a secret; authlib's own client asks."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import text
from tests.firm import Firm

from isthmus.access import Permission
from isthmus.access.accounts import add_machine, add_person, set_disabled, set_grants
from isthmus.access.keys import add_key, revoke_key, rotate_key
from isthmus.access.sealing import FILE, CannotOpen, Seals, seals_of
from isthmus.access.signing import rotate
from isthmus.api.server import serving

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


class Asking:
    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        self.http, self.url = http, url

    async def token(self, secret: str, scope: str = "", client: str = "PSA") -> str:
        async with AsyncOAuth2Client(client, secret, scope=scope or None) as oauth:
            found = await oauth.fetch_token(
                f"{self.url}/oauth/token", grant_type="client_credentials"
            )
        assert (found["token_type"], found["expires_in"]) == ("Bearer", 600)
        return str(found["access_token"])

    async def refused(self, status: int, error: str, **form: str) -> httpx2.Response:
        sent = {"grant_type": "client_credentials", **form}
        answer = await self.http.post("/oauth/token", data={k: v for k, v in sent.items() if v})
        assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer

    async def validate(self, token: str) -> tuple[int, str | None]:
        """Under one Idempotency-Key; whether it was answered before."""
        answer = await self.http.post(
            "/process/v1/account-validations", json={"name": "Coast Rail"},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k-1"},
        )  # fmt: skip
        return answer.status_code, answer.headers.get("idempotency-replayed")

    async def read(self, token: str) -> int:
        answer = await self.http.get("/events", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code


async def test_a_day_of_a_client(firm: Firm) -> None:
    database = firm.app.database
    await add_person(database, "ben", "Ben", [("finance", "")], "test")
    await add_machine(database, "psa", "The PSA", [("service", "")], "test")
    wide = await add_key(database, "psa", None, DAY, "test", "secret")
    narrow = await add_key(database, "psa", [Permission.TIME_SUBMIT], DAY, "test", "secret")
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        ask = Asking(http, url)
        await what_is_said_of_it(ask)
        token = await ask.token(wide.key)
        assert await ask.read(token) == 200
        assert await ask.read(await ask.token(narrow.key)) == 403
        assert await ask.read(await ask.token(wide.key, "time.submit")) == 403
        await made_up_tokens(ask, token)
        await what_is_refused(firm, ask, wide.key, narrow.key)

        new = await rotate_key(database, wide.id, DAY, timedelta(hours=1), "test")
        assert new.key.startswith("isc_")
        for secret in (wide.key, new.key):
            assert await ask.read(await ask.token(secret)) == 200, "both, for the overlap"
        await revoke_key(database, new.id, "test")
        await ask.refused(401, "invalid_client", client_id="psa", client_secret=new.key)
        assert await ask.read(new.key) == 401, "a secret is no key"

        assert await ask.validate(token) == (200, None)
        assert await ask.validate(token) == (200, "true"), "the answer of before"
        await set_grants(database, "psa", [("client", "")], "test")
        assert await ask.read(token) == 403, "roles count when it asks"
        assert await ask.validate(token) == (403, None), "nor is the answer of before given"
        await set_grants(database, "psa", [("service", "")], "test")
        await set_disabled(database, "psa", True, "test")
        assert await ask.read(token) == 401
        await set_disabled(database, "psa", False, "test")
        await keys_change(firm, ask, wide.key, token)


async def what_is_said_of_it(ask: Asking) -> None:
    said = (await ask.http.get("/.well-known/oauth-authorization-server")).json()
    assert (said["issuer"], said["token_endpoint"]) == (ask.url, f"{ask.url}/oauth/token")
    assert said["jwks_uri"] == f"{ask.url}/oauth/jwks"
    assert said["grant_types_supported"] == ["client_credentials"]
    assert "time.submit" in said["scopes_supported"]
    [key] = (await ask.http.get("/oauth/jwks")).json()["keys"]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys(), "the public half alone"


async def made_up_tokens(ask: Asking, token: str) -> None:
    """As RFC 9068 has it, and no other: each is signed, but not by us, or not as it must be."""
    published = KeySet.import_key_set((await ask.http.get("/oauth/jwks")).json())
    good = jwt.decode(token, published, ["RS256"])
    assert (good.header["typ"], good.claims["aud"]) == ("at+jwt", ask.url)
    assert (good.claims["sub"], good.claims["client_id"]) == ("psa", "psa")
    assert good.claims["exp"] - good.claims["iat"] == 600
    forger = RSAKey.generate_key(2048, {"kid": good.header["kid"]})
    forged = jwt.encode(good.header, good.claims, forger, ["RS256"])
    assert await ask.read(forged) == 401
    assert await ask.read(token.rpartition(".")[0] + ".") == 401
    wrong = await ask.http.get("/events", headers={"Authorization": f"Bearer {forged}"})
    assert wrong.headers["www-authenticate"] == 'Bearer realm="isthmus", error="invalid_token"'


async def what_is_refused(firm: Firm, ask: Asking, secret: str, narrow: str) -> None:
    own = {"client_id": "psa", "client_secret": secret}
    await ask.refused(400, "invalid_request", **own, grant_type="")
    await ask.refused(400, "unsupported_grant_type", **own, grant_type="password")
    await ask.refused(400, "invalid_scope", **own, scope="time.submit access.manage")
    await ask.refused(400, "invalid_scope", client_id="psa", client_secret=narrow,
                      scope="events.read")  # fmt: skip
    await ask.refused(401, "invalid_client", client_id="psa")
    await ask.refused(401, "invalid_client", client_id="ben", client_secret=secret)
    twice = await ask.http.post("/oauth/token", data={**own, "grant_type": "client_credentials"},
                                auth=("psa", secret))  # fmt: skip
    assert twice.json()["error"] == "invalid_request", "one way to authenticate, not two"
    as_json = await ask.http.post("/oauth/token", json=own)
    assert as_json.json()["error"] == "invalid_request"
    basic = await ask.http.post("/oauth/token", data={"grant_type": "client_credentials"},
                                auth=("psa", "wrong"))  # fmt: skip
    assert (basic.status_code, basic.headers["www-authenticate"]) == (401, 'Basic realm="isthmus"')
    for _ in range(5):
        await ask.refused(401, "invalid_client", client_id="psa", client_secret="wrong")
    paused = await ask.refused(429, "temporarily_unavailable", **own)
    assert 1 <= int(paused.headers["retry-after"]) <= 3
    async with firm.app.database.begin() as tx:
        await tx.connection.execute(text("update log_in_failure set until = now()"))
        actions = [row.action for row in await tx.audit.list(principal="psa")]
    assert actions.count("token.refused") == 6
    assert actions.count("token.issued") == 3


async def keys_change(firm: Firm, ask: Asking, secret: str, old: str) -> None:
    """Tokens of the key before work until they expire, and no longer where it is ended at once."""
    database, home = firm.app.database, firm.app.settings.home
    assert (home / FILE).stat().st_mode & 0o077 == 0, "for this account alone"
    seals = seals_of(None, home)
    new = await rotate(database, seals, "test")
    async with database.begin() as tx:
        rows = await tx.signing_keys.list(timedelta(minutes=1))
        kept = (await tx.connection.execute(text("select sealed from signing_key"))).scalars().all()
    assert [row.id == new for row in rows] == [True, False]
    assert all(b'"d"' not in sealed for sealed in kept), "no private key lies open"
    with pytest.raises(CannotOpen, match="which is not here"):
        Seals((bytes(32),)).open_sealed(kept[0], f"signing_key:{new}")
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        other = Asking(http, url)
        assert len((await http.get("/oauth/jwks")).json()["keys"]) == 2
        assert await other.read(await other.token(secret)) == 200
        assert await other.read(old) == 401, "it was issued under another address"
    assert await ask.read(old) == 200
    await rotate(database, seals, "test", at_once=True)
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        assert len((await http.get("/oauth/jwks")).json()["keys"]) == 1
