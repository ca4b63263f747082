"""When a series of samples levels off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression

SHARE = 0.10
"""The trend of the second half may not add more than this part of its mean ..."""
LEAST = {"MB": 12.0, "files": 6.0, "connections": 6.0, "KB": 640.0}
"""... or than this, where that is more: processes warm up, tables grow between two purges."""


@dataclass(frozen=True)
class Trend:
    """Of the second half of a run: what its straight line rises by, from end to end."""

    what: str
    unit: str
    mean: float
    rise: float
    most: float

    @property
    def levels_off(self) -> bool:
        return self.rise <= self.most


def trend(what: str, unit: str, samples: Sequence[tuple[float, float]]) -> Trend:
    """`samples` are (seconds, value), over the whole run. A series without end fails: rows that are
    written and never removed double in the second half what they had at its begin.
    """
    half = (samples[0][0] + samples[-1][0]) / 2
    second = [(at, value) for at, value in samples if at >= half]
    at, values = [s[0] for s in second], [s[1] for s in second]
    mean = fmean(values)
    rise = linear_regression(at, values).slope * (at[-1] - at[0])
    return Trend(what, unit, mean, rise, max(SHARE * mean, LEAST[unit]))
