"""Resolution codes: what became of a hold, and whether its work goes on or is given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Then(StrEnum):
    REPLAY = "replay"
    SKIP = "skip"


@dataclass(frozen=True)
class Resolution:
    code: str
    then: Then
    meaning: str


_SHIPPED = (
    Resolution("corrected", Then.REPLAY, "The cause is gone, here or in its system."),
    Resolution("retry", Then.REPLAY, "Nothing was wrong with it; try it again."),
    Resolution("done_by_hand", Then.SKIP, "Somebody did it in the system itself."),
    Resolution("duplicate", Then.SKIP, "The same work came in another way."),
    Resolution("not_needed", Then.SKIP, "It should not have come in."),
    Resolution("written_off", Then.SKIP, "It is given up with the client's or finance's word."),
)
SHIPPED: Mapping[str, Resolution] = {r.code: r for r in _SHIPPED}


def resolutions(own: Mapping[str, Then]) -> Mapping[str, Resolution]:
    """The shipped codes and a firm's own; its own may give a shipped code another sequel."""
    declared = {code: Resolution(code, then, _meaning(code)) for code, then in own.items()}
    return {**SHIPPED, **declared}


def _meaning(code: str) -> str:
    return SHIPPED[code].meaning if code in SHIPPED else "Declared in the landscape."
