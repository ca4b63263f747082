"""H1: a token that is not the provider's, not for us, not of this log-in, not of now is refused."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from isthmus.access.id_token import key_id, read
from isthmus.access.providers import Described, KnownProvider
from isthmus.access.sign_in import client_of
from isthmus.access.sign_in_refused import SignInRefused
from isthmus.connect import HostRefused
from isthmus.landscape.access import Provider
from isthmus.sandbox.serve import serving

ISSUER, CLIENT, NONCE, SECRET = "https://login.firm.example", "isthmus", "n-1", "s" * 32
ALL = ("RS256", "ES256", "HS256", "none")
OURS = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": "k1"})
THEIRS = RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": "k1"})
OTHER = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig", "kid": "k2"})
KEYS = KeySet([OURS])


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says, but for what is changed; None leaves a claim out."""
    now = int(time.time())
    good = {"iss": ISSUER, "sub": "s1", "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": NONCE}  # fmt: skip
    return {k: v for k, v in (good | changed).items() if v is not None}


def token(key: Any = OURS, alg: str = "RS256", kid: str | None = "k1", **changed: Any) -> str:
    header = {"alg": alg} | ({"kid": kid} if kid else {})
    return jwt.encode(header, claims(**changed), key, [alg])


def by_hand(alg: str, secret: bytes | None = None) -> str:
    """Not signed at all, or with a secret that others may know."""
    text = b".".join(_base64(json.dumps(part).encode())
                     for part in ({"alg": alg, "kid": "k1"}, claims()))  # fmt: skip
    signature = hmac.digest(secret, text, "sha256") if secret else b""
    return f"{text.decode()}.{_base64(signature).decode()}"


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def tampered() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{token(sub='somebody else').split('.')[1]}.{signature}"


def checked(raw: str, algorithms: tuple[str, ...] = ALL, **other: Any) -> Mapping[str, Any]:
    return read(
        raw, KEYS, algorithms, issuer=ISSUER, client_id=CLIENT, nonce=NONCE,
        skew=timedelta(seconds=60), **{"access_token": None, **other},
    )  # fmt: skip


def test_the_providers_own_token_is_taken() -> None:
    assert checked(token())["sub"] == "s1"
    assert checked(token(exp=int(time.time()) - 30))["sub"] == "s1", "within the skew of clocks"
    assert checked(token(aud=[CLIENT, "api"], azp=CLIENT))["sub"] == "s1"
    assert checked(token(kid=None))["sub"] == "s1", "the provider has one key"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (lambda: token(exp=int(time.time()) - 120), "it has expired"),
        (lambda: token(exp=None), "`exp`"),
        (lambda: token(iat=int(time.time()) + 600), "`iat`"),
        (lambda: token(nbf=int(time.time()) + 600), "`nbf`"),
        (lambda: token(aud="another client"), "`aud`"),
        (lambda: token(aud=[CLIENT, "another"]), "`azp`"),
        (lambda: token(azp="another client"), "`azp`"),
        (lambda: token(iss=ISSUER + "/"), "`iss`"),
        (lambda: token(nonce="n-2"), "`nonce`"),
        (lambda: token(nonce=None), "`nonce`"),
        (lambda: token(sub=None), "`sub`"),
        (lambda: token(sub=7), "`sub`"),
        (lambda: by_hand("none"), "not safe, or not at all"),
        (lambda: by_hand("HS256", SECRET.encode()), "not safe, or not at all"),
        (lambda: by_hand("HS256", OURS.as_pem(private=False)), "not safe, or not at all"),
        (lambda: token(THEIRS), "its signature is not the provider's"),
        (lambda: tampered(), "its signature is not the provider's"),
        (lambda: token(OTHER, "ES256", "k2"), "a key that the provider does not publish"),
        (lambda: "a.b.c", "it cannot be read"),
        (lambda: "", "it cannot be read"),
    ],
)  # fmt: skip
def test_a_forged_late_or_foreign_token_is_refused(raw: Callable[[], str], why: str) -> None:
    """Made when it is asked for: it would be late by itself at the end of a long run of tests."""
    with pytest.raises(SignInRefused) as refused:
        checked(raw())
    assert why in str(refused.value)
    assert (refused.value.status, refused.value.counts) == (401, True)


def test_an_access_token_of_another_answer_is_refused() -> None:
    with pytest.raises(SignInRefused, match="`at_hash`"):
        checked(token(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), access_token="another")


def test_a_provider_that_signs_with_a_shared_secret_alone_lets_nobody_in() -> None:
    with pytest.raises(SignInRefused, match="in no way that is safe"):
        checked(by_hand("HS256", SECRET.encode()), ("HS256", "none"))


class Pretended:
    """What a provider publishes, and how often it was asked for it."""

    def __init__(self) -> None:
        self.keys, self.issuer, self.elsewhere = [OURS], "", ""
        self.asked: list[str] = []
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self.described)
        self.app.get("/keys")(self.published)

    async def described(self) -> dict[str, Any]:
        self.asked.append("description")
        ends = {"authorization_endpoint": "a", "token_endpoint": "t"}
        where = self.elsewhere or self.issuer
        return {"issuer": self.issuer, "jwks_uri": f"{where}/keys", **ends}

    async def published(self) -> Any:
        self.asked.append("keys")
        encrypts = {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"}
        unknown = {"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}
        return {"keys": [encrypts, unknown, *KeySet(list(self.keys)).as_dict()["keys"]]}


@pytest.mark.anyio
async def test_new_keys_are_found_and_made_up_ones_looked_for_once() -> None:
    said, now = Pretended(), [0.0]
    async with serving(said.app) as url:
        said.issuer = url
        provider = KnownProvider("firm", Provider(issuer=url, client_id=CLIENT), lambda: now[0])
        assert [key.kid for key in (await provider.keys("k1")).keys] == ["k1"]
        await provider.keys("k1")
        assert said.asked == ["description", "keys"], "both are kept"
        said.keys = [OURS, OTHER]
        assert [key.kid for key in (await provider.keys("k2")).keys] == ["k1", "k2"], "rotated"
        for _ in range(5):
            await provider.keys("made up")
        assert said.asked.count("keys") == 3
        now[0] += 31
        await provider.keys("made up")
        assert said.asked.count("keys") == 4
        now[0] += 3601
        said.issuer = "https://other.example"
        assert (await provider.described()).issuer == url, "the description of before serves"

        stranger = KnownProvider("firm", Provider(issuer=url, client_id=CLIENT))
        with pytest.raises(SignInRefused, match=r"it says that it is https://other\.example"):
            await stranger.described()
        said.issuer, said.elsewhere = url, "http://169.254.169.254"
        with pytest.raises(SignInRefused, match=r"sends us to 169\.254\.169\.254") as astray:
            await stranger.keys("k1")
        assert astray.value.code == "host_not_configured"
        assert "access.providers.firm.hosts" in astray.value.remedy


def test_the_key_is_named_before_anything_is_believed() -> None:
    assert key_id(token()) == "k1"
    with pytest.raises(SignInRefused, match="no signed token"):
        key_id("not a token")


@pytest.mark.anyio
async def test_code_and_secret_are_sent_to_no_other_host() -> None:
    provider = KnownProvider("firm", Provider(issuer=ISSUER, client_id=CLIENT))
    ends = dict.fromkeys(("authorization_endpoint", "jwks_uri"), f"{ISSUER}/x")
    described = Described(issuer=ISSUER, token_endpoint="https://thief.example/token", **ends)
    async with client_of(provider, described, "https://isthmus.firm.example/back") as http:
        with pytest.raises(HostRefused, match=r"thief\.example is not a host"):
            await http.fetch_token(described.token_endpoint, code="c")
