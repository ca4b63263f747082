"""Logging in through a provider: there with a question, back with an answer to this one alone.

Authorization code flow: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth; with a
proof key (RFC 7636), and the provider's name in its answer where it gives one (RFC 9207), so that
no provider answers in another's place.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from isthmus.access import id_token
from isthmus.access.log_in import Lasts, begin
from isthmus.access.providers import TIMEOUT, Described, KnownProvider
from isthmus.access.secret import digest, new_secret
from isthmus.access.sign_in_refused import SignInRefused
from isthmus.access.sign_in_roles import (
    account_of,
    claims_at,
    grants_of_groups,
    groups_in,
    in_no_group,
    withdraw,
)
from isthmus.connect.errors import HostRefused
from isthmus.connect.outbound import guarded
from isthmus.store.accounts import Given
from isthmus.store.database import Database
from isthmus.store.log_ins import KnownBy
from isthmus.store.sign_ins import Sent

log = structlog.get_logger()
AWAY = timedelta(minutes=10)
"""How long somebody may take at the provider."""


@dataclass(frozen=True)
class LetIn:
    """`secret` is that of the new session."""

    secret: str
    next: str


async def send_there(
    database: Database, provider: KnownProvider, back: str, next: str
) -> tuple[str, str]:
    """(where the browser goes, what its cookie holds until it is back). Raises SignInRefused."""
    described = await provider.described()
    cookie = new_secret()
    sent = Sent(provider.name, new_secret(), new_secret(), new_secret(), next)
    async with client_of(provider, described, back) as http:
        url, _ = http.create_authorization_url(
            described.authorization_endpoint, state=sent.state, nonce=sent.nonce,
            code_verifier=sent.verifier,
        )  # fmt: skip
    async with database.begin() as tx:
        await tx.sign_ins.begin(digest(cookie), sent, AWAY)
    return str(url), cookie


async def let_in(
    database: Database,
    provider: KnownProvider,
    back: str,
    cookie: str | None,
    answer: Mapping[str, str],
    address: str,
    lasts: Lasts,
) -> LetIn:
    """Raises SignInRefused; what may be somebody trying costs a pause, as wrong passwords do."""
    trier = f"provider:{provider.name}"
    await _ensure_no_pause(database, trier, address)
    try:
        sent = await _sent(database, provider, cookie, answer)
        claims, raw = await _claims(provider, back, sent, answer)
        grants = await _grants(database, provider, claims)
        async with database.begin() as tx:
            row = await account_of(tx, provider, claims, grants)
            await tx.log_ins.forget(trier, address)
            known_by = KnownBy(provider.name, raw)
            secret = await begin(tx, row, address, lasts, trier, known_by)
    except SignInRefused as refused:
        await _tell(database, trier, address, refused)
        raise
    return LetIn(secret, sent.next)


async def leave(provider: KnownProvider, ended: KnownBy, home: str) -> str | None:
    """Where the browser goes to log out there; None where the provider has no such place, or
    cannot be asked. https://openid.net/specs/openid-connect-rpinitiated-1_0.html
    """
    try:
        place = (await provider.described()).end_session_endpoint
    except SignInRefused:
        return None
    if place is None:
        return None
    asked = {"client_id": provider.said.client_id, "post_logout_redirect_uri": home}
    if ended.id_token:
        asked["id_token_hint"] = ended.id_token
    return str(httpx2.URL(place).copy_merge_params(asked))


async def _ensure_no_pause(database: Database, trier: str, address: str) -> None:
    async with database.begin() as tx:
        wait = await tx.log_ins.wait(trier, address)
    if wait is not None:
        seconds = int(wait.total_seconds()) + 1
        raise SignInRefused(
            "too_many", f"too many log-ins failed; try again in {seconds} s",
            "Wait, and try again.", status=429, counts=False, after=wait,
        )  # fmt: skip


async def _tell(database: Database, trier: str, address: str, refused: SignInRefused) -> None:
    async with database.begin() as tx:
        failures = await tx.log_ins.failed(trier, address) if refused.counts else 0
        told = {"address": address, "code": refused.code, "why": refused.why}
        tx.audit.add(trier, "log_in.refused", "account",
                       after={**told, "in_a_row": failures})  # fmt: skip


async def _grants(
    database: Database, provider: KnownProvider, claims: Mapping[str, Any]
) -> list[Given]:
    """Raises SignInRefused where nothing maps, and takes away what the person had before."""
    groups = groups_in(claims, provider.said.groups_claim)
    if grants := grants_of_groups(provider, groups):
        return grants
    async with database.begin() as tx:
        await withdraw(tx, provider, claims["sub"])
    raise in_no_group(provider, groups)


async def _sent(
    database: Database, provider: KnownProvider, cookie: str | None, answer: Mapping[str, str]
) -> Sent:
    """What this browser was sent away with. Raises SignInRefused."""
    async with database.begin() as tx:
        sent = await tx.sign_ins.take(digest(cookie)) if cookie else None
    given = answer.get("state", "")
    if (
        sent is None
        or sent.provider != provider.name
        or not hmac.compare_digest(sent.state.encode(), given.encode())
    ):
        raise SignInRefused(
            "state", "this log-in was not begun in this browser, was used before, or took too long",
            "Begin again from the log-in page.",
        )  # fmt: skip
    return sent


async def _claims(
    provider: KnownProvider, back: str, sent: Sent, answer: Mapping[str, str]
) -> tuple[dict[str, Any], str]:
    """(the person's claims, the token that they are from). Raises SignInRefused."""
    described = await provider.described()
    _ensure_from(provider, described, answer)
    if "code" not in answer:
        raise _not_there(provider, answer)
    tokens = await _tokens(provider, described, back, sent, answer["code"])
    raw, access = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(raw, str):
        raise id_token.refused_token("there is none")
    keys = await provider.keys(id_token.key_id(raw))
    claims = id_token.read(
        raw, keys, described.id_token_signing_alg_values_supported,
        issuer=described.issuer, client_id=provider.said.client_id, nonce=sent.nonce,
        access_token=access, skew=provider.said.clock_skew,
    )  # fmt: skip
    return await _with_groups(provider, described, claims, access), raw


def _ensure_from(provider: KnownProvider, described: Described, answer: Mapping[str, str]) -> None:
    named = answer.get("iss")
    if named is None and not described.authorization_response_iss_parameter_supported:
        return
    if named != described.issuer:
        raise SignInRefused(
            "issuer", f"the answer is not that of {provider.shown}",
            "Begin again from the log-in page.",
        )  # fmt: skip


def _not_there(provider: KnownProvider, answer: Mapping[str, str]) -> SignInRefused:
    """The provider's own text is not repeated: whoever makes the link writes it."""
    declined = answer.get("error") == "access_denied"
    why = "the log-in was broken off" if declined else "it sent no code"
    return SignInRefused(
        "provider_declined", f"{provider.shown} did not log you in: {why}",
        "Log in again; if the provider says that you may not use Isthmus, ask whoever runs it.",
        counts=not declined,
    )  # fmt: skip


async def _tokens(
    provider: KnownProvider, described: Described, back: str, sent: Sent, code: str
) -> dict[str, Any]:
    try:
        async with client_of(provider, described, back) as http:
            found: dict[str, Any] = await http.fetch_token(
                described.token_endpoint, grant_type="authorization_code", code=code,
                code_verifier=sent.verifier, redirect_uri=back,
            )  # fmt: skip
    except HostRefused as error:
        raise provider.astray(error) from error
    except AuthlibBaseError as error:
        raise SignInRefused(
            "code", f"{provider.shown} did not take the code: {error.error}",
            "Begin again from the log-in page. If it stays, whoever runs Isthmus checks client_id "
            "and client_secret.",
        ) from error  # fmt: skip
    except (httpx2.HTTPError, ValueError) as error:
        log.warning("provider.gave_no_token", provider=provider.name, reason=repr(error))
        raise provider.away("it gave no token") from error
    return found


async def _with_groups(
    provider: KnownProvider, described: Described, claims: dict[str, Any], access: object
) -> dict[str, Any]:
    """Some providers keep claims out of the token; what is asked for them must be of the same
    person: https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
    """
    place = described.userinfo_endpoint
    wanted = (provider.said.groups_claim, provider.said.name_claim)
    if place is None or not isinstance(access, str) or all(claims_at(claims, w) for w in wanted):
        return claims
    try:
        more = await provider.ask("GET", place, {"Authorization": f"Bearer {access}"})
    except SignInRefused:
        if not claims_at(claims, provider.said.groups_claim):
            raise
        return claims
    if more.get("sub") != claims["sub"]:
        raise id_token.refused_token("the provider tells of another person than it logged in")
    return {**more, **claims}


def client_of(provider: KnownProvider, described: Described, back: str) -> AsyncOAuth2Client:
    """A secret goes into the body where the provider takes it there: how it is written in a header
    is done in two ways.
    """
    said, methods = provider.said, described.token_endpoint_auth_methods_supported
    secret = said.client_secret.get_secret_value() if said.client_secret else None
    id, method = said.client_id, "client_secret_post"
    if secret is None:
        method = "none"
    elif method not in methods:
        id, secret, method = quote(id, safe=""), quote(secret, safe=""), "client_secret_basic"
    return AsyncOAuth2Client(
        id, secret, token_endpoint_auth_method=method, scope=" ".join(said.scopes),
        redirect_uri=back, code_challenge_method="S256",
        **guarded(provider.system, provider.hosts, timeout=TIMEOUT),
    )  # fmt: skip
