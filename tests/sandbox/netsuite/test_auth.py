"""The token endpoint verifies the assertion; tokens end by time or by hand."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey

from .conftest import CERTIFICATE_ID, CLIENT_ID, RECORD, Api

pytestmark = pytest.mark.anyio


def certificate(key: Any) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


async def test_a_good_assertion_gets_a_bearer(bare: Api) -> None:
    answer = await bare.ask_token(bare.assertion())
    assert answer.status_code == 200
    body = answer.json()
    assert (body["expires_in"], body["token_type"]) == ("3600", "Bearer")
    bare.token = body["access_token"]
    assert (await bare.send("GET", f"{RECORD}/customer")).status_code == 200


@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512"])
async def test_an_rsa_certificate_signs_with_pss(bare: Api, algorithm: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    await bare.control(
        "integrations",
        {"client_id": CLIENT_ID, "certificate_id": "rsa", "public_key": certificate(key)},
    )
    assertion = bare.assertion(RSAKey.import_key(key), {"alg": algorithm, "kid": "rsa"})
    assert (await bare.ask_token(assertion)).status_code == 200
    refused = bare.assertion(RSAKey.import_key(key), {"alg": "RS256", "kid": "rsa"})
    answer = await bare.ask_token(refused)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("header", "claims", "status", "error"),
    [
        ({"kid": "other"}, {}, 401, "invalid_client"),
        ({}, {"iss": "other"}, 401, "invalid_client"),
        ({}, {"aud": "https://elsewhere.example/token"}, 401, "invalid_client"),
        ({}, {"iat": 1_700_000_000, "exp": 1_700_000_300}, 401, "invalid_client"),
        ({}, {"exp": lambda: int(time.time()) + 4000}, 400, "invalid_request"),
        ({}, {"scope": ["restlets"]}, 400, "invalid_request"),
        ({}, {"scope": "restlets,rest_webservices"}, 200, None),
    ],
)
async def test_claims(
    bare: Api, header: dict[str, str], claims: dict[str, Any], status: int, error: str | None
) -> None:
    now = {name: value() if callable(value) else value for name, value in claims.items()}
    answer = await bare.ask_token(bare.assertion(None, header, **now))
    assert (answer.status_code, answer.json().get("error")) == (status, error)


async def test_a_stranger_s_signature_is_refused(bare: Api) -> None:
    stranger = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    answer = await bare.ask_token(bare.assertion(stranger))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = await bare.ask_token("not.a.token")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_the_form_is_checked(bare: Api) -> None:
    answer = await bare.ask_token(bare.assertion(), grant_type="password")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    answer = await bare.ask_token("")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_without_a_valid_bearer(api: Api) -> None:
    path = f"{RECORD}/customer"
    await api.control("revoke-tokens", {})
    answer = await api.send("GET", path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="sandbox", error=')
    assert answer.json() == {
        "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.2",
        "title": "Unauthorized",
        "status": 401,
        "o:errorDetails": [
            {
                "detail": "Invalid login attempt. For more details, see the Login Audit Trail.",
                "o:errorCode": "INVALID_LOGIN",
            }
        ],
    }
    await api.sign_in()
    assert (await api.send("GET", path)).status_code == 200


async def test_a_token_expires(api: Api) -> None:
    await api.control("settings", {"token_seconds": 0})
    await api.sign_in()
    assert (await api.refused("GET", f"{RECORD}/customer"))[:2] == (401, "INVALID_LOGIN")


async def test_a_bad_key_is_not_registered(bare: Api) -> None:
    body = {"client_id": "c", "certificate_id": CERTIFICATE_ID, "public_key": "nonsense"}
    assert (await bare.client.post("/__control/integrations", json=body)).status_code == 400
