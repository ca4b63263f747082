"""Service desks and channels that are told of holds, and how they close them from there."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from isthmus.landscape.firm import Part
from isthmus.landscape.keys import did_you_mean, wrong
from isthmus.rules.notice import NAMES, Kind, unknown_names
from isthmus.rules.problems import Owner
from isthmus.rules.severity import Severity


def _web_address(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("https://", "http://")):
        raise wrong("it is no web address", "Write an address that starts with https://.")
    return url


def _known_names(body: dict[str, Any]) -> dict[str, Any]:
    try:
        unknown = unknown_names(body)
    except ValueError as error:
        raise wrong(f"its braces do not match: {error}", "Write {{ for a brace itself.") from error
    if unknown:
        raise wrong(
            f"{{{unknown[0]}}} is nothing that is told of a hold",
            did_you_mean(unknown[0], NAMES, f"Use some of: {', '.join(NAMES)}."),
        )
    return body


class Told(Part):
    """What a desk is told, and whether it may answer."""

    queues: tuple[Owner, ...] = Field(
        default=("finance", "pmo", "integration"), description="Queues whose holds it is told of."
    )
    severity_from: Severity = Field(
        default=Severity.NORMAL, description="Least severe hold that it is told of."
    )
    tells: tuple[Kind, ...] = Field(
        default=(Kind.OPENED,),
        description="When it is told: a hold `opened`, is `overdue`, is `over`. Where a call opens "
        "a ticket, `opened` alone.",
    )
    secret: SecretStr | None = Field(
        default=None,
        description="What the desk signs its messages with, or sends as a bearer token; without it "
        "the desk can close nothing.",
    )
    closes_with: str = Field(
        default="corrected", description="Resolution code when the desk closes a hold without one."
    )


class AppriseDesk(Told):
    """A channel by an Apprise URL: mailto, slack, workflows (Teams), pagerduty, jira and others."""

    via: Literal["apprise"] = Field(description="By a URL that the Apprise library knows.")
    url: SecretStr = Field(description="Apprise URL; it holds the channel's token.")


class WebhookDesk(Told):
    """A system with an HTTP interface, such as ServiceNow or Jira: one POST for each notice."""

    via: Literal["webhook"] = Field(description="By a POST with a JSON body.")
    url: Annotated[SecretStr, AfterValidator(_web_address)] = Field(
        description="Address that the POST goes to."
    )
    headers: dict[str, SecretStr] = Field(
        default={}, description="Headers, such as `Authorization`."
    )
    body: Annotated[dict[str, Any], AfterValidator(_known_names)] = Field(
        default={},
        description="JSON of the POST, with facts in braces: " + ", ".join(f"`{{{n}}}`" for n in
                                                                          NAMES)
        + ". All facts by these names when left out.",
    )  # fmt: skip
    reference: str | None = Field(
        default=None,
        description="Where the answer has the ticket's own number, with dots: `result.number` of "
        "ServiceNow, `key` of Jira.",
    )


def _name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise wrong(
            f"`{name}` cannot be part of an address",
            "Use small letters, digits, - and _, and start with a letter.",
        )
    return name


Desk = Annotated[AppriseDesk | WebhookDesk, Field(discriminator="via")]
DeskName = Annotated[str, AfterValidator(_name)]
