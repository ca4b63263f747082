"""How long what is finished is kept in full."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from isthmus.kit.duration import Duration, format_duration
from isthmus.landscape.firm import Part
from isthmus.landscape.keys import wrong

SHORTEST = timedelta(days=2)


def _long_enough(age: timedelta | str) -> timedelta | str:
    """Quotas count a day back, and people look at what went wrong yesterday."""
    if isinstance(age, timedelta) and age < SHORTEST:
        raise wrong(
            f"{format_duration(age)} is shorter than {format_duration(SHORTEST)}, which quotas and "
            "a look at yesterday need",
            "Write 2d or more, or never.",
        )
    return age


Age = Annotated[Literal["never"] | Duration, AfterValidator(_long_enough)]


class Retention(Part):
    """`never` keeps a class for good. Facts, documents, holds, comments and events are always
    kept, and of what is removed the keys by which a repeat is known.
    """

    runs: Age = Field(
        default=timedelta(days=90),
        description="Age at which the recorded steps of a run that succeeded or was skipped are "
        "removed. That it ran, for what, and how it ended is kept.",
    )
    messages: Age = Field(
        default=timedelta(days=30),
        description="Age at which headers and body of an inbound message that was taken in are "
        "removed. Its key is kept.",
    )
    quota_use: Age = Field(
        default=timedelta(days=35),
        description="Age at which the counts of calls to each system are removed.",
    )
