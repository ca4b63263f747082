"""Who knows the firm's people, which roles their groups have, and where in the firm."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator

from isthmus.kit.duration import Duration
from isthmus.landscape.destinations import LOOPBACK
from isthmus.landscape.firm import Part
from isthmus.landscape.keys import wrong

LONGEST_SKEW = timedelta(minutes=5)


def _issuer(url: str) -> str:
    """https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata"""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise wrong("it is no web address", "Write it as https://login.example.com.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise wrong("anyone on the way can change what is read by http", "Write https.")
    if parts.query or parts.fragment:
        raise wrong("an issuer has no query and no fragment", "Write it without.")
    return url


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]


class Provider(Part):
    """An OpenID Connect provider: Keycloak, Entra ID, Okta, Google and others."""

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        description="Its issuer, exactly as its discovery document has it; that is read at "
        "`/.well-known/openid-configuration` below it.",
    )
    client_id: str = Field(min_length=1, description="Isthmus's own id there.")
    client_secret: SecretStr | None = Field(
        default=None,
        description="Left out for a client that the provider gives no secret (public).",
    )
    shown: str = Field(
        default="", description="What the button on the log-in page says; the name when left out."
    )
    scopes: tuple[str, ...] = Field(
        default=("openid", "profile", "email"), description="What is asked for; `openid` always."
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Hosts of its endpoints other than the issuer's, such as "
        "`oauth2.googleapis.com`; no other is called.",
    )
    name_claim: str = Field(
        default="preferred_username",
        description="Claim that names the account, `email` and then `sub` where it is not there.",
    )
    groups_claim: str = Field(
        default="groups",
        description="Claim with the person's groups or roles; dots lead into it, as in "
        "`realm_access.roles`.",
    )
    groups: dict[str, Texts] = Field(
        default={},
        description="Group to roles: `finance`, or `finance@EA-NL` for a legal entity or region. "
        "Who is in none of them is not let in.",
    )
    clock_skew: Duration = Field(
        default=timedelta(seconds=60),
        description="How much its clock and ours may differ, at most `5m`.",
    )
    ask: str = Field(
        default="whoever manages access to Isthmus",
        description="Whom a person is told to ask who is in none of the groups.",
    )

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        return scopes if "openid" in scopes else ("openid", *scopes)

    @field_validator("clock_skew")
    @classmethod
    def _small(cls, skew: timedelta) -> timedelta:
        if skew > LONGEST_SKEW:
            raise wrong("tokens would be taken long after they expired", "Write 5m or less.")
        return skew


class Access(Part):
    regions: dict[str, tuple[str, ...]] = Field(
        default={}, description="Name to codes of legal entities, for roles in many of them."
    )
    providers: dict[str, Provider] = Field(
        default={}, description="OpenID Connect providers that people log in through, by a name."
    )
    local_accounts: bool = Field(
        default=True,
        description="May people log in with a password of `isthmus access user add` besides.",
    )
    open_description: bool = Field(
        default=False,
        description="May anybody read `GET /openapi.json`; otherwise whoever is logged in.",
    )
