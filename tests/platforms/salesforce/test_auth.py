"""Token flows without a network: the generator yields requests and is fed answers."""

import base64
import json
from urllib.parse import parse_qs

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from isthmus.connect import Unauthorized, Unavailable
from isthmus.platforms.salesforce import ClientCredentials, JwtBearer, OrgAuth

pytestmark = pytest.mark.anyio

ORG = "https://acme.my.salesforce.com"
INSTANCE = "https://acme--inst.my.salesforce.com:8443"
KEY = RSAKey.generate_key(2048)


def credentials() -> OrgAuth:
    config = ClientCredentials.model_validate(
        {"flow": "client_credentials", "client_id": "key", "client_secret": "not-real"}
    )
    return OrgAuth("crm", ORG, config)


def bearer() -> OrgAuth:
    config = JwtBearer.model_validate(
        {
            "flow": "jwt_bearer",
            "client_id": "key",
            "username": "isthmus@firm.example",
            "private_key": KEY.as_pem(private=True).decode(),
        }
    )
    return OrgAuth("crm", ORG, config)


def token(value: str) -> httpx2.Response:
    body = {
        "access_token": value,
        "instance_url": INSTANCE,
        "token_type": "Bearer",
        "id": f"{ORG}/id/00D5e000000abcDEAU/0055e000000abcD",
    }
    return httpx2.Response(200, json=body)


def rejected() -> httpx2.Response:
    body = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    return httpx2.Response(401, json=body)


async def test_calls_go_to_the_instance_that_the_token_names() -> None:
    flow = credentials().async_auth_flow(httpx2.Request("GET", f"{ORG}/services/data/?q=a"))
    asked = await anext(flow)
    assert str(asked.url) == f"{ORG}/services/oauth2/token"
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"key:not-real").decode()
    assert asked.content == b"grant_type=client_credentials"
    call = await flow.asend(token("t1"))
    assert str(call.url) == f"{INSTANCE}/services/data/?q=a"
    assert call.headers["Host"] == "acme--inst.my.salesforce.com:8443"
    assert call.headers["Authorization"] == "Bearer t1"
    with pytest.raises(StopAsyncIteration):
        await flow.asend(httpx2.Response(200))


async def test_the_token_says_which_org_it_is_for() -> None:
    auth = credentials()
    assert auth.organization_id is None
    flow = auth.async_auth_flow(httpx2.Request("GET", f"{ORG}/x"))
    await anext(flow)
    await flow.asend(token("t1"))
    assert auth.organization_id == "00D5e000000abcDEAU"
    await flow.aclose()


async def test_a_rejected_session_is_renewed_once_and_only_once() -> None:
    flow = credentials().async_auth_flow(httpx2.Request("GET", f"{ORG}/x"))
    await anext(flow)
    await flow.asend(token("t1"))
    mint = await flow.asend(rejected())
    assert mint.url.path == "/services/oauth2/token"
    again = await flow.asend(token("t2"))
    assert again.headers["Authorization"] == "Bearer t2"
    with pytest.raises(StopAsyncIteration):
        await flow.asend(rejected())


async def test_the_assertion_is_signed_and_short_lived() -> None:
    flow = bearer().async_auth_flow(httpx2.Request("GET", f"{ORG}/x"))
    asked = await anext(flow)
    form = parse_qs(asked.content.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    signed = jwt.decode(form["assertion"][0], KEY, algorithms=["RS256"])
    assert signed.header["alg"] == "RS256"
    exp = signed.claims.pop("exp")
    assert signed.claims == {
        "iss": "key",
        "sub": "isthmus@firm.example",
        "aud": "https://login.salesforce.com",
    }
    assert isinstance(exp, int)
    await flow.aclose()


async def test_a_refused_token_names_the_vendors_reason() -> None:
    flow = credentials().async_auth_flow(httpx2.Request("GET", f"{ORG}/x"))
    await anext(flow)
    body = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    with pytest.raises(Unauthorized, match="user hasn't approved this consumer") as caught:
        await flow.asend(httpx2.Response(400, content=json.dumps(body).encode()))
    assert caught.value.code == "invalid_grant"


async def test_a_broken_token_endpoint_is_an_outage_not_a_wrong_key() -> None:
    flow = credentials().async_auth_flow(httpx2.Request("GET", f"{ORG}/x"))
    await anext(flow)
    with pytest.raises(Unavailable):
        await flow.asend(httpx2.Response(503))
