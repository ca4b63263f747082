"""Which days of a timecard are on which invoice, in the 255 characters of its audit notes.

One line for each invoice, after what people wrote: `Isthmus INV-1: 05 06 07`. A week has each day
of the month once, so two digits name a day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

LENGTH = 255
FREED = "Isthmus: on no invoice any more"
"""The package asks for a note with every edit, so there is one where no line is left."""
_LINE = re.compile(r"^Isthmus (?P<number>.+): (?P<days>\d\d(?: \d\d)*)$")


def read(notes: str | None, week: Sequence[date]) -> dict[date, str]:
    """Day -> invoice number, of the days that belong to the week."""
    by_day = {f"{day:%d}": day for day in week}
    marked: dict[date, str] = {}
    for line in (notes or "").splitlines():
        found = _LINE.match(line)
        if found:
            days = [by_day[d] for d in found["days"].split() if d in by_day]
            marked.update(dict.fromkeys(days, found["number"]))
    return marked


def write(notes: str | None, marked: Mapping[date, str]) -> str:
    """The notes with our lines for `marked`; words of people give way when there is no room."""
    by_number: dict[str, list[date]] = {}
    for day, number in sorted(marked.items()):
        by_number.setdefault(number, []).append(day)
    ours = "\n".join(
        f"Isthmus {number}: {' '.join(f'{d:%d}' for d in days)}"
        for number, days in by_number.items()
    )
    theirs = "\n".join(
        ln for ln in (notes or "").splitlines() if ln != FREED and not _LINE.match(ln)
    )
    room = LENGTH - len(ours) - 1
    if not ours:
        return theirs[:LENGTH] or FREED
    return f"{theirs[:room]}\n{ours}" if theirs and room > 0 else ours[:LENGTH]
