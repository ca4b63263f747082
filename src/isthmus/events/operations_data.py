"""What events about connections, holds and destinations tell."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from isthmus.events.data import Data


class ConnectionLost(Data):
    connection: str = Field(description="Its name in the landscape.")
    reason: str = Field(description="What the last call met.")
    failures: int = Field(description="Calls in a row that failed.")


class ConnectionRestored(Data):
    connection: str = Field(description="Its name in the landscape.")
    lost_at: str = Field(description="When it was lost, in UTC.")


class HoldAct(Data):
    hold: str = Field(description="Label of the hold, such as H-17.")
    by: str = Field(description="Who did it.")
    object_kind: str | None = Field(description="Kind of the object that is held.")
    object_id: str | None = Field(description="Canonical id of that object.")
    run: str | None = Field(description="Id of the run that is held.")
    before: dict[str, Any] = Field(description="Values before the act.")
    after: dict[str, Any] = Field(description="Values after it.")


class BulkTold(Data):
    bulk: str = Field(description="Label of the bulk act, such as B-3.")
    by: str = Field(description="Who did it.")
    act: str = Field(description="replay, resolve, assign or comment.")
    arguments: dict[str, str] = Field(description="Resolution code, person or text, and a note.")
    filter: dict[str, Any] = Field(description="What the holds were chosen by.")
    holds: dict[str, int] = Field(description="Number of holds in each state.")


class HoldSkipped(HoldAct):
    reason: str = Field(description="Why it was given up.")


class DestinationResumed(Data):
    by: str = Field(description="Who let it go on.")
    position: int = Field(description="Last event that it has.")
    error: str | None = Field(description="Why the last attempt failed.")


class DestinationRewound(Data):
    by: str = Field(description="Who moved it.")
    before: int = Field(description="Last event that it had.")
    after: int = Field(description="What comes after this one is sent.")


class DatabaseRestored(Data):
    by: str = Field(description="Who said so.")
    position: int = Field(description="Last event that the dump has.")
