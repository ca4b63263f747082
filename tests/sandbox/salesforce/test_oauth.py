from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.sandbox.salesforce.client import CLIENT, Client, V, register

from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving

pytestmark = pytest.mark.anyio

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(KEY, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


def assertion(key: rsa.RSAPrivateKey = KEY, **changed: Any) -> str:
    claims = {
        "iss": "jwt-app",
        "sub": "robot@firm.example",
        "aud": "https://login.salesforce.com",
        "exp": int(datetime.now(UTC).timestamp()) + 120,
        **changed,
    }
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(pem))


async def ask(sf: Client, token: str) -> httpx2.Response:
    form = {"grant_type": BEARER, "assertion": token}
    return await sf.http.post("/services/oauth2/token", data=form)


@pytest.fixture
async def jwt_app(sf: Client) -> Client:
    app = {"client_id": "jwt-app", "username": "robot@firm.example", "public_key": certificate()}
    assert await sf.control("connected-apps", app) == {"client_id": "jwt-app"}
    return sf


async def test_a_signed_assertion_gets_a_token_that_works(jwt_app: Client) -> None:
    answer = await ask(jwt_app, assertion())
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert body["instance_url"] == jwt_app.url
    assert body["access_token"].startswith("00D")
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert (await jwt_app.http.get(f"{V}/limits", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("made", "error", "description"),
    [
        (lambda: assertion(OTHER), "invalid_grant", "invalid assertion"),
        (lambda: assertion(iss="nobody"), "invalid_client_id", "client identifier invalid"),
        (
            lambda: assertion(sub="x@y.example"),
            "invalid_grant",
            "user hasn't approved this consumer",
        ),
        (lambda: assertion(aud="https://example.com"), "invalid_grant", "audience is invalid"),
        (lambda: assertion(exp=1), "invalid_grant", "expired authorization code"),
        (lambda: assertion(exp=9999999999), "invalid_grant", "invalid assertion"),
        (lambda: "rubbish", "invalid_grant", "invalid assertion"),
    ],
)
async def test_a_bad_assertion_is_denied(
    jwt_app: Client, made: Callable[[], str], error: str, description: str
) -> None:
    answer = await ask(jwt_app, made())
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


@pytest.mark.parametrize(
    ("auth", "error"),
    [((CLIENT[0], "wrong"), "invalid_client"), (("nobody", "x"), "invalid_client_id")],
)
async def test_bad_client_credentials(sf: Client, auth: tuple[str, str], error: str) -> None:
    form = {"grant_type": "client_credentials"}
    answer = await sf.http.post("/services/oauth2/token", data=form, auth=auth)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_the_password_flow_is_gone(sf: Client) -> None:
    answer = await sf.http.post("/services/oauth2/token", data={"grant_type": "password"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "unsupported_grant_type"


EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


async def test_a_revoked_token_ends_the_session(sf: Client) -> None:
    assert await sf.control("revoke-tokens") == {"revoked": 1}
    answer = await sf.http.get(f"{V}/limits")
    assert (answer.status_code, answer.json()) == (401, EXPIRED)
    await sf.sign_in()
    assert (await sf.http.get(f"{V}/limits")).status_code == 200


async def test_a_token_expires() -> None:
    now = [datetime(2026, 7, 1, tzinfo=UTC)]
    org = SalesforceOrg(clock=lambda: now[0], token_seconds=60)
    register(org)
    async with serving(org.app) as url, httpx2.AsyncClient(base_url=url) as http:
        sf = Client(http, org, url)
        await sf.sign_in()
        assert (await http.get(f"{V}/limits")).status_code == 200
        now[0] += timedelta(seconds=60)
        assert (await http.get(f"{V}/limits")).json() == EXPIRED
    org.close()


async def test_versions_need_no_session_and_name_the_season(sf: Client) -> None:
    answer = await sf.http.get("/services/data", headers={"Authorization": ""})
    listed = {one["version"]: one["label"] for one in answer.json()}
    assert (listed["66.0"], listed["67.0"], listed["68.0"]) == (
        "Spring '26",
        "Summer '26",
        "Winter '27",
    )


async def test_each_reply_tells_the_usage_until_the_day_is_spent(sf: Client) -> None:
    await sf.control("settings", {"daily_limit": 3, "api_used": 1})
    answer = await sf.http.get(f"{V}/limits")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=2/3"
    assert answer.json()["DailyApiRequests"] == {"Max": 3, "Remaining": 1}
    await sf.http.get(f"{V}/limits")
    refused = await sf.http.get(f"{V}/limits")
    assert refused.status_code == 403
    assert refused.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
