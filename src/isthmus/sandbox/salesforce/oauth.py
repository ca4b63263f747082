"""Tokens: the JWT bearer and the client credentials flow."""

import base64
import binascii
import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.api import Reply
from isthmus.sandbox.salesforce.change import Writer
from isthmus.sandbox.salesforce.org import Org

APPS = "_connected_app"
TOKENS = "_token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
LONGEST_ASSERTION = timedelta(minutes=3)
_SKEW = timedelta(seconds=5)


class Denied(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class OAuth:
    def __init__(self, org: Org, token_seconds: float) -> None:
        self._org = org
        self.token_seconds = token_seconds

    def register(self, app: Row) -> None:
        """`client_id`, `username`; `public_key` (PEM key or certificate) allows the JWT flow,
        `client_secret` the client credentials flow.
        """
        if app.get("public_key"):
            _public_key(app["public_key"])
        self._org.store.put(APPS, app["client_id"], app)

    def token(self, body: bytes, authorization: str, instance_url: str) -> Reply:
        form = dict(parse_qsl(body.decode()))
        try:
            app = self._app(form, authorization, instance_url)
            return Reply(self._granted(app, instance_url), headers={"Cache-Control": "no-store"})
        except Denied as denied:
            body_out = {"error": denied.error, "error_description": denied.description}
            return Reply(body_out, 400)

    def writer(self, authorization: str) -> Writer | None:
        """The user behind a live token."""
        scheme, _, token = authorization.partition(" ")
        held = self._org.store.get(TOKENS, token)
        if scheme not in ("Bearer", "OAuth") or held is None:
            return None
        if held["expires_at"] <= self._org.clock().timestamp():
            return None
        return Writer(held["user_id"])

    def revoke_all(self) -> int:
        tokens = self._org.store.keys(TOKENS)
        with self._org.all_or_nothing():
            for token in tokens:
                self._org.store.delete(TOKENS, token)
        return len(tokens)

    def _app(self, form: dict[str, str], authorization: str, instance_url: str) -> Row:
        if form.get("grant_type") == "client_credentials":
            return self._client(form, authorization)
        if form.get("grant_type") == JWT_BEARER:
            return self._bearer(form.get("assertion", ""), instance_url)
        raise Denied("unsupported_grant_type", "grant type not supported")

    def _client(self, form: dict[str, str], authorization: str) -> Row:
        key, secret = _basic(authorization) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        app = self._org.store.get(APPS, key)
        if app is None:
            raise Denied("invalid_client_id", "client identifier invalid")
        expected = app.get("client_secret")
        if not expected:
            raise Denied("invalid_grant", "no client credentials user enabled")
        if not secrets.compare_digest(secret.encode(), expected.encode()):
            raise Denied("invalid_client", "invalid client credentials")
        return app

    def _bearer(self, assertion: str, instance_url: str) -> Row:
        app = self._org.store.get(APPS, _unverified_issuer(assertion))
        if app is None:
            raise Denied("invalid_client_id", "client identifier invalid")
        if not app.get("public_key"):
            raise Denied("invalid_grant", "invalid assertion")
        try:
            key = _public_key(app["public_key"])
            claims = jwt.decode(assertion, key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            raise Denied("invalid_grant", "invalid assertion") from None
        self._check_claims(app, claims, instance_url)
        return app

    def _check_claims(self, app: Row, claims: dict[str, Any], instance_url: str) -> None:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if not {*LOGIN_HOSTS, instance_url} & set(audiences):
            raise Denied("invalid_grant", "audience is invalid")
        now = self._org.clock().timestamp()
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or isinstance(expires, bool):
            raise Denied("invalid_grant", "invalid assertion")
        if expires <= now:
            raise Denied("invalid_grant", "expired authorization code")
        if expires > now + (LONGEST_ASSERTION + _SKEW).total_seconds():
            raise Denied("invalid_grant", "invalid assertion")
        if claims.get("sub") != app["username"]:
            raise Denied("invalid_grant", "user hasn't approved this consumer")

    def _granted(self, app: Row, instance_url: str) -> dict[str, Any]:
        user_id = self._user_id(app["username"])
        token = f"{self._org.org_id[:15]}!AQ{secrets.token_urlsafe(48)}"
        expires_at = self._org.clock().timestamp() + self.token_seconds
        held = {"user_id": user_id, "expires_at": expires_at, "client_id": app["client_id"]}
        self._org.store.put(TOKENS, token, held)
        return {
            "access_token": token,
            "scope": "api",
            "instance_url": instance_url,
            "id": f"https://login.salesforce.com/id/{self._org.org_id}/{user_id}",
            "token_type": "Bearer",
        }

    def _user_id(self, username: str) -> str:
        for user in self._org.live("User"):
            if user["Username"] == username and user["IsActive"]:
                return str(user["Id"])
        raise Denied("invalid_grant", "user hasn't approved this consumer")


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Denied("invalid_client", "invalid client credentials") from None
    return key, secret


def _unverified_issuer(assertion: str) -> str:
    """Who claims to have signed: needed to find the key that proves it."""
    try:
        payload = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["iss"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise Denied("invalid_grant", "invalid assertion") from None


def _public_key(pem: str) -> RSAKey:
    if "BEGIN CERTIFICATE" in pem:
        public = x509.load_pem_x509_certificate(pem.encode()).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return RSAKey.import_key(pem)
