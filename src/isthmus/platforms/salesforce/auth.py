"""Token flows for a server. The reply names the host that the token is good for."""

from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import dataclass

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

from isthmus.connect.auth import Token, TokenAuth
from isthmus.connect.errors import Unauthorized, Unavailable
from isthmus.connect.http import DEFAULT_TIMEOUT
from isthmus.platforms.salesforce.config import ClientCredentials, JwtBearer

TOKEN_PATH = "/services/oauth2/token"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_LIFETIME = 180


@dataclass(frozen=True)
class OrgToken(Token):
    """No lifetime is stated: the org's session setting decides, so it is used until refused."""

    instance_url: str = ""


class OrgAuth(TokenAuth):
    """Mints a token and sends every call to the instance that the token belongs to.

    `organization_id` is the org that the last token is for, as its identity URL
    (`.../id/00D.../005...`) says.
    """

    def __init__(self, system: str, url: str, config: JwtBearer | ClientCredentials) -> None:
        self._system, self._url, self._config = system, url.rstrip("/"), config
        self.organization_id: str | None = None
        super().__init__(self._request, self._read_token)

    def _request(self) -> httpx2.Request:
        if isinstance(self._config, JwtBearer):
            return self._jwt_request(self._config)
        return self._credentials_request(self._config)

    def _jwt_request(self, config: JwtBearer) -> httpx2.Request:
        claims = {
            "iss": config.client_id,
            "sub": config.username,
            "aud": config.audience,
            "exp": int(time.time()) + ASSERTION_LIFETIME,
        }
        key = RSAKey.import_key(config.private_key.get_secret_value())
        assertion = jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])
        form = {"grant_type": JWT_GRANT, "assertion": assertion}
        return _form(config.token_url or self._url + TOKEN_PATH, form, {})

    def _credentials_request(self, config: ClientCredentials) -> httpx2.Request:
        pair = f"{config.client_id}:{config.client_secret.get_secret_value()}"
        basic = base64.b64encode(pair.encode()).decode()
        return _form(
            self._url + TOKEN_PATH,
            {"grant_type": "client_credentials"},
            {"Authorization": f"Basic {basic}"},
        )

    def _read_token(self, response: httpx2.Response) -> OrgToken:
        if response.status_code >= 500:
            raise Unavailable(self._system, f"the token endpoint answered {response.status_code}")
        try:
            body = json.loads(response.content)
        except ValueError as error:
            raise Unavailable(
                self._system, "the token endpoint answered something that is not JSON"
            ) from error
        if not response.is_success:
            said = body.get("error_description") or f"HTTP {response.status_code}"
            raise Unauthorized(self._system, f"no token: {said}", code=body.get("error"))
        self.organization_id = _organization(body.get("id", "")) or self.organization_id
        return OrgToken(body["access_token"], instance_url=body["instance_url"])

    def _signed(self, request: httpx2.Request, token: Token | None) -> httpx2.Request:
        if isinstance(token, OrgToken):
            host = httpx2.URL(token.instance_url)
            request.url = request.url.copy_with(scheme=host.scheme, host=host.host, port=host.port)
            request.headers["Host"] = request.url.netloc.decode("ascii")
        return super()._signed(request, token)


def _organization(identity_url: str) -> str | None:
    found = re.search(r"/id/(00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?)/", identity_url)
    return found[1] if found else None


def _form(url: str, form: dict[str, str], headers: dict[str, str]) -> httpx2.Request:
    return httpx2.Request(
        "POST", url, data=form, headers=headers, extensions={"timeout": DEFAULT_TIMEOUT.as_dict()}
    )
