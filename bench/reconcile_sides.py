"""Two sides of hours with differences planted in them, the same for the same numbers, as CSV.

A key stands at another place on each side, as two systems' orders have nothing in common.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

FIRST = date(2026, 7, 1)
COLUMNS = (
    "key",
    "external_id",
    "label",
    "compared",
    "entity",
    "day",
    "currency",
    "hours",
    "amount",
)
Line = tuple[str, ...]


@dataclass(frozen=True)
class Planted:
    """Keys by what was done to them."""

    missing: frozenset[str]
    extra: frozenset[str]
    different: frozenset[str]

    def __len__(self) -> int:
        return len(self.missing) + len(self.extra) + len(self.different)

    @property
    def as_found(self) -> set[tuple[str, str]]:
        kinds = {"missing": self.missing, "extra": self.extra, "different": self.different}
        return {(kind, key) for kind, keys in kinds.items() for key in keys}


def key_of(number: int) -> str:
    hashed = blake2b(str(number).encode(), digest_size=16).hexdigest()
    return f"{hashed[:8]}-{hashed[8:12]}-{hashed[12:16]}-{hashed[16:20]}-{hashed[20:]}"


def planted(rows: int, differences: int) -> Planted:
    """A third of each kind, spread over the whole."""
    step = rows // differences
    chosen = [n * step for n in range(differences)]
    return Planted(
        missing=frozenset(key_of(n) for n in chosen[0::3]),
        extra=frozenset(f"extra-{n:08}" for n in chosen[1::3]),
        different=frozenset(key_of(n) for n in chosen[2::3]),
    )


def source(rows: int) -> Iterator[Line]:
    for number in range(rows):
        yield _line(number, key_of(number))


def target(rows: int, plants: Planted) -> Iterator[Line]:
    """`rows` lines: one is there too much for each that is missing, as long as there are both."""
    for place in range(rows):
        number = (place * 7 + 3) % rows if rows % 7 else rows - 1 - place
        key = key_of(number)
        if key in plants.missing:
            continue
        yield _line(number, key, Decimal("0.25") if key in plants.different else Decimal(0))
    for place, key in enumerate(sorted(plants.extra)):
        yield _line(place, key)


def _line(number: int, key: str, more: Decimal = Decimal(0)) -> Line:
    hours = Decimal(number % 32 + 1) / 4 + more
    rate = 100 + number % 11 * 5
    day = FIRST + timedelta(days=number % 31)
    return (
        key, str(number), f"{hours} h of {day}", f'{{"hours": "{hours}", "rate": "{rate} EUR"}}',
        f"E{number % 4}", day.isoformat(), "EUR", str(hours), str(hours * rate),
    )  # fmt: skip


def write(folder: Path, rows: int, differences: int) -> Planted:
    plants = planted(rows, differences)
    for name, lines in (("source", source(rows)), ("target", target(rows, plants))):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(lines)
    return plants


def read(file: Path) -> Iterator[Line]:
    with file.open(newline="", encoding="utf-8") as opened:
        lines = csv.reader(opened)
        next(lines)
        for line in lines:
            yield tuple(line)
