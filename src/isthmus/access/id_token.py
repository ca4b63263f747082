"""What a provider says of a person, and whether it is the provider that says it, to us, now.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from authlib.oidc.core.claims import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from isthmus.access.sign_in_refused import SignInRefused

SAFE = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
"""Signatures with a key that the provider alone has: `none` says nothing, and with HS256 whoever
knows our client secret, or takes a published key for it, could write a token.
"""
_FAULTS = {
    "ExpiredTokenError": "it has expired",
    "BadSignatureError": "its signature is not the provider's",
    "InvalidKeyIdError": "it is signed with a key that the provider does not publish",
    "UnsupportedAlgorithmError": "it is signed in a way that is not safe, or not at all",
}


def key_id(id_token: str) -> str | None:
    """Of the key that it says it is signed with. Raises SignInRefused."""
    try:
        kid = jws.extract_compact(id_token.encode()).headers().get("kid")
    except (JoseError, ValueError) as error:
        raise refused_token("it is no signed token") from error
    return str(kid) if kid is not None else None


def read(
    id_token: str,
    keys: KeySet,
    algorithms: Collection[str],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    skew: timedelta,
) -> dict[str, Any]:
    """The claims. Raises SignInRefused."""
    usable = [algorithm for algorithm in SAFE if algorithm in algorithms]
    if not usable:
        raise refused_token("the provider signs in no way that is safe")
    try:
        token = jwt.decode(id_token, keys, usable)
        claims = CodeIDToken(
            token.claims, token.header,
            options={"iss": {"essential": True, "value": issuer},
                     "aud": {"essential": True, "value": client_id}},
            params={"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )  # fmt: skip
        claims.validate(leeway=int(skew.total_seconds()))
    except JoseError as error:
        raise refused_token(_fault(error)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise refused_token("it cannot be read") from error
    return dict(claims)


def _fault(error: JoseError) -> str:
    claim = getattr(error, "claim", None)
    if claim and type(error).__name__ != "ExpiredTokenError":
        return f"its claim `{claim}` is missing or another than it must be"
    return _FAULTS.get(type(error).__name__, "it cannot be read")


def refused_token(why: str) -> SignInRefused:
    return SignInRefused(
        "id_token", f"the provider's token was not accepted: {why}",
        "Log in again. If it stays, whoever runs Isthmus compares issuer, client_id and clock of "
        "both sides.",
    )  # fmt: skip
