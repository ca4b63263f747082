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
    """`never` keeps a class for good. Facts, documents, holds, comments and events that tell of
    them are always kept, and of what is removed the keys by which a repeat is known.
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
    events: Age = Field(
        default=timedelta(days=90),
        description="Age that events which only pass reach at least: changes of records, batches, "
        "systems that are lost and found. They go once every destination has them, and who asks "
        "`GET /events` for them later is answered 410. All other events are kept for good.",
    )
    message_keys: Age = Field(
        default=timedelta(days=400),
        description="Age at which nothing of an inbound message that was taken in is left. A "
        "vendor that sends it again after that makes us read its record once more.",
    )
    run_keys: Age = Field(
        default=timedelta(days=400),
        description="Age at which nothing is left of a run that passed one version of a record on; "
        "no other run is ever removed.",
    )
    quota_use: Age = Field(
        default=timedelta(days=35),
        description="Age at which the counts of calls to each system are removed.",
    )
    figures: Age = Field(
        default=timedelta(days=1100),
        description="Age at which the key figures of a day are removed.",
    )
    alerts: Age = Field(
        default=timedelta(days=400),
        description="Age at which an alert that is over is removed.",
    )
    reconciliations: Age = Field(
        default=timedelta(days=1100),
        description="Age at which a finished reconciliation and its closed breaks are removed. "
        "What somebody signed, accepted or repaired, the last run of each, and breaks that are "
        "not closed are always kept.",
    )
