"""A provider tells that somebody logged out there: their sessions here end at once.

https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from isthmus.access.id_token import SAFE, key_id
from isthmus.access.providers import Described, KnownProvider
from isthmus.access.secret import digest
from isthmus.access.sign_in_refused import SignInRefused
from isthmus.store.answers import Answer, Claim
from isthmus.store.database import Database, Transaction

EVENT = "http://schemas.openid.net/event/backchannel-logout"
OLDEST = timedelta(minutes=10)
"""A token that was made before is of no log-out of now; its `jti` is remembered for a day."""
LONGEST_ID = 200


async def log_out(database: Database, provider: KnownProvider, logout_token: str) -> int:
    """End the sessions that the token is about; their number. Raises SignInRefused, for a token
    that came before too.
    """
    described = await provider.described()
    keys = await provider.keys(key_id(logout_token))
    usable = [a for a in SAFE if a in described.id_token_signing_alg_values_supported]
    try:
        token = jwt.decode(logout_token, keys, usable)
    except (JoseError, ValueError, TypeError) as error:
        raise _refused("its signature is not the provider's") from error
    _ensure_good(token.claims, token.header, provider, described)
    async with database.begin() as tx:
        await _ensure_new(tx, provider, str(token.claims["jti"]), logout_token)
        return await _end(tx, provider, token.claims)


def _ensure_good(
    claims: Mapping[str, Any], header: Mapping[str, Any], provider: KnownProvider,
    described: Described,
) -> None:  # fmt: skip
    """Raises SignInRefused."""
    now, skew = time.time(), provider.said.clock_skew.total_seconds()
    audience = claims.get("aud")
    issued, expires = claims.get("iat"), claims.get("exp")
    events, jti = claims.get("events"), claims.get("jti")
    whom = [claims[name] for name in ("sub", "sid") if name in claims]
    for fault, is_so in (
        ("`typ`", header.get("typ", "JWT").lower() not in ("jwt", "logout+jwt")),
        ("`iss`", claims.get("iss") != described.issuer),
        ("`aud`", provider.said.client_id not in (audience if isinstance(audience, list)
                                                  else [audience])),
        ("`iat`", not isinstance(issued, int) or issued > now + skew
         or issued < now - skew - OLDEST.total_seconds()),
        ("`exp`", not isinstance(expires, int) or expires < now - skew),
        ("`jti`", not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_ID),
        ("`events`", not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping)),
        ("`sub` and `sid`", not whom or not all(isinstance(each, str) and each for each in whom)),
        ("`nonce`", "nonce" in claims),
    ):  # fmt: skip
        if is_so:
            raise _refused(f"its claim {fault} is not that of a log-out here and now")


async def _ensure_new(
    tx: Transaction, provider: KnownProvider, jti: str, logout_token: str
) -> None:
    claim = Claim(f"provider:{provider.name}", f"logout:{jti}", digest(logout_token))
    if not await tx.answers.claim(claim):
        raise _refused("it came before")
    await tx.answers.keep(claim, Answer(200, {}, b""))


async def _end(tx: Transaction, provider: KnownProvider, claims: Mapping[str, Any]) -> int:
    """Those of the session there, or all of the person's where the provider names none."""
    asked = {name: claims[name] for name in ("sub", "sid") if name in claims}
    ended = 0
    for secret, account, id_token in await tx.log_ins.of_provider(provider.name):
        known = _claims_of(id_token)
        if all(known.get(name) == value for name, value in asked.items()):
            await tx.log_ins.end(secret)
            tx.audit.add(f"provider:{provider.name}", "log_out", "account", account)
            ended += 1
    return ended


def _claims_of(id_token: str) -> Mapping[str, Any]:
    """Of a token that was checked when it came, and kept since."""
    part = id_token.split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found if isinstance(found, Mapping) else {}


def _refused(why: str) -> SignInRefused:
    return SignInRefused(
        "logout_token", f"the provider's log-out was not taken: {why}",
        "Compare issuer, client_id and clock of both sides.", status=400,
    )  # fmt: skip
