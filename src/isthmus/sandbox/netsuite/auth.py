"""OAuth 2.0 client credentials with a certificate (section_162755359851, section_162790605110)."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from isthmus.sandbox.netsuite.books import Books, Row
from isthmus.sandbox.netsuite.wire import TOKEN, NetSuiteError, origin

INTEGRATIONS, TOKENS = "_integration", "_token"
ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = 3600


class Denied(Exception):
    """The token endpoint refuses, in OAuth's own error form."""

    def __init__(self, error: str, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.response = JSONResponse({"error": error, "error_description": why}, status)


def key_of(pem: str) -> RSAKey | ECKey:
    """The public key in a PEM public key or certificate; ValueError when it is neither."""
    if "BEGIN CERTIFICATE" in pem:
        public = load_pem_x509_certificate(pem.encode()).public_key()
        form = PublicFormat.SubjectPublicKeyInfo
        pem = public.public_bytes(Encoding.PEM, form).decode()
    try:
        return RSAKey.import_key(pem)
    except (ValueError, TypeError, JoseError):
        return ECKey.import_key(pem)


class Auth:
    def __init__(self, books: Books) -> None:
        self.books = books

    def routes(self) -> list[Route]:
        return [Route(TOKEN, self.token, methods=["POST"])]

    def register(self, client_id: str, certificate_id: str, pem: str) -> None:
        key_of(pem)
        row = {"id": certificate_id, "client_id": client_id, "pem": pem}
        self.books.store.put(INTEGRATIONS, certificate_id, row)

    def revoke_all(self) -> int:
        tokens = self.books.store.keys(TOKENS)
        with self.books.transaction():
            for token in tokens:
                self.books.store.delete(TOKENS, token)
        return len(tokens)

    async def token(self, request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        try:
            self._check(form, f"{origin(request)}{TOKEN}")
        except Denied as denied:
            return denied.response
        seconds = int(self.books.settings.token_seconds)
        return JSONResponse(
            {"access_token": self._issue(), "expires_in": str(seconds), "token_type": "Bearer"}
        )

    def _issue(self) -> str:
        token = secrets.token_urlsafe(32)
        life = timedelta(seconds=float(self.books.settings.token_seconds))
        row = {"id": token, "expires": (self.books.now() + life).isoformat()}
        self.books.store.put(TOKENS, token, row)
        return token

    def _check(self, form: dict[str, str], audience: str) -> None:
        for name in ("grant_type", "client_assertion_type", "client_assertion"):
            if name not in form:
                raise Denied("invalid_request", f"The parameter {name} is missing.")
        if form["grant_type"] != "client_credentials":
            raise Denied("unsupported_grant_type", "Use grant_type=client_credentials.")
        if form["client_assertion_type"] != ASSERTION_TYPE:
            raise Denied("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}.")
        self._check_claims(*self._verified(form["client_assertion"]), audience)

    def _verified(self, assertion: str) -> tuple[dict[str, Any], Row]:
        found: list[Row] = []

        def key(header_owner: Any) -> RSAKey | ECKey:
            kid = header_owner.headers().get("kid", "")
            integration = self.books.store.get(INTEGRATIONS, str(kid))
            if integration is None:
                raise Denied("invalid_client", f"Unknown certificate id {kid!r}.", 401)
            found.append(integration)
            return key_of(integration["pem"])

        try:
            claims = jwt.decode(assertion, key, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            raise Denied("invalid_client", f"The assertion is not valid: {error}", 401) from error
        return claims, found[0]

    def _check_claims(self, claims: dict[str, Any], integration: Row, audience: str) -> None:
        if claims.get("iss") != integration["client_id"]:
            raise Denied("invalid_client", "iss is not the certificate's client id.", 401)
        if claims.get("aud") not in (audience, [audience]):
            raise Denied("invalid_client", f"aud must be {audience}.", 401)
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int):
            raise Denied("invalid_request", "iat and exp must be whole seconds.")
        if expires - issued > LONGEST:
            raise Denied("invalid_request", "exp must be at most 60 minutes after iat.")
        now = self.books.now().timestamp()
        if now >= expires or issued > now + 60:
            raise Denied("invalid_client", "The assertion has expired or is not yet valid.", 401)
        if "rest_webservices" not in _scopes(claims.get("scope")):
            raise Denied("invalid_request", "scope must include rest_webservices.")

    def check_bearer(self, authorization: str) -> None:
        """401 with WWW-Authenticate for an absent, unknown or expired token."""
        kind, _, token = authorization.partition(" ")
        row = self.books.store.get(TOKENS, token) if kind.lower() == "bearer" else None
        if row is not None and datetime.fromisoformat(row["expires"]) > self.books.now():
            return
        raise NetSuiteError(
            "INVALID_LOGIN",
            "Invalid login attempt. For more details, see the Login Audit Trail.",
            status=401,
            headers={
                "WWW-Authenticate": 'Bearer realm="sandbox", error="invalid_token", '
                'error_description="The access token is missing, revoked or expired"'
            },
        )


def _scopes(scope: Any) -> list[str]:
    """A list, or one text with commas; a space as separator is what other vendors use."""
    if isinstance(scope, list):
        return [str(item) for item in scope]
    return [part.strip() for part in scope.split(",")] if isinstance(scope, str) else []
