"""Client credentials with a signed assertion (section_162755359851, section_162790605110)."""

from __future__ import annotations

from datetime import timedelta

import httpx2
from joserfc import jwt

from isthmus.connect.auth import Token, TokenAuth
from isthmus.connect.errors import Unauthorized, Unavailable
from isthmus.connect.http import parse_json
from isthmus.connectors.netsuite.config import Auth
from isthmus.connectors.netsuite.refusals import refusal
from isthmus.kit.clock import utc_now

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = timedelta(minutes=5)
"""NetSuite takes up to 60 minutes; an assertion is used at once, so little is enough."""


def assertion(auth: Auth, token_url: str) -> str:
    now = utc_now()
    header = {"typ": "JWT", "alg": auth.algorithm, "kid": auth.certificate_id}
    claims = {
        "iss": auth.client_id,
        "scope": list(auth.scopes),
        "aud": token_url,
        "iat": int(now.timestamp()),
        "exp": int((now + ASSERTION_LIFE).timestamp()),
    }
    return jwt.encode(header, claims, auth.key(), algorithms=[auth.algorithm])


def read_token(system: str, response: httpx2.Response) -> Token:
    """`expires_in` is text in Oracle's samples and a number elsewhere."""
    if response.is_server_error or response.status_code == 429:
        raise refusal(system, response)
    answer = parse_json(system, response) if response.content else {}
    if not response.is_success or "access_token" not in answer:
        raise Unauthorized(
            system,
            "NetSuite gave no token; check the integration record, the role and the end date of "
            "the certificate",
            code=str(answer.get("error") or response.status_code),
        )
    try:
        lifetime = timedelta(seconds=int(answer.get("expires_in", 3600)))
    except ValueError as error:
        raise Unavailable(
            system, f"gave a token with expires_in {answer['expires_in']!r}, not seconds"
        ) from error
    return Token(answer["access_token"], utc_now() + lifetime)


def token_auth(system: str, base_url: str, auth: Auth) -> TokenAuth:
    url = base_url + TOKEN_PATH

    def mint() -> httpx2.Request:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(auth, url),
        }
        return httpx2.Request("POST", url, data=form)

    return TokenAuth(mint, lambda response: read_token(system, response))
