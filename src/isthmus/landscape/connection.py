"""One tenant of one vendor, as the landscape describes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, SerializeAsAny, Tag

from isthmus.kit.duration import Duration
from isthmus.landscape.firm import Part


class Poll(Part):
    poll: Duration = Field(description="Time between two questions, such as `60s`.")


def _source_form(value: Any) -> str | None:
    if value == "webhook":
        return "webhook"
    return "poll" if isinstance(value, dict | Poll) else None


ChangeSource = Annotated[
    Annotated[Literal["webhook"], Tag("webhook")] | Annotated[Poll, Tag("poll")],
    Discriminator(
        _source_form,
        custom_error_type="change_source",
        custom_error_message="it must be `webhook` or `{poll: 60s}`",
    ),
]


class QuotaShare(Part):
    """Only what differs from what the vendor publishes."""

    calls: int | None = Field(
        default=None, ge=1, description="Requests in any stretch of `per`, of all workers together."
    )
    per: Duration = Field(default=timedelta(minutes=1), description="That stretch, such as `60s`.")
    daily: int | None = Field(
        default=None, ge=1, description="Requests in any 24 hours: our share of the allowance."
    )


class Connection(Part):
    """The keys that every vendor shares. All other keys of a connection are its vendor's own, and
    are checked by the configuration model that the connector ships.
    """

    vendor: str = Field(description="Name of the connector that speaks to it.")
    platform: str | None = Field(
        default=None,
        description="Connection whose organisation it lives in: same login, same allowance.",
    )
    region: str | None = Field(
        default=None,
        description="Region in which it keeps data; that of its `platform` when left out.",
    )
    changes: dict[str, ChangeSource] = Field(
        default={},
        description="How we learn of changes, per canonical object: `webhook` or `{poll: 60s}`. "
        "Objects that are not named are polled as `schedules` says.",
    )
    quota: QuotaShare | None = Field(
        default=None,
        description="Our share of the vendor's limits, where it is not all that the vendor allows.",
    )


class OpenedConnection(Connection):
    """A connection with its vendor's configuration, secrets resolved."""

    name: str
    config: SerializeAsAny[BaseModel] = Field(repr=False, exclude=True)
    written: Mapping[str, Any] = Field(repr=False)
    """The vendor's keys as the file has them: references unresolved, literal secrets masked."""
