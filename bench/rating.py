"""How many time entries are rated per second on one core, and in how much memory.

Each row of the table is a process of its own, so that its peak memory is its own. Times are
processor time: the machine may be doing other things. `--write` renews the page in docs/.
"""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from time import process_time

from rating_firm import Raw, allowances, cards, raw_entries, work_of

from isthmus.canonical import TimeEntry
from isthmus.canonical.terms import Cap
from isthmus.rules.capped import within_caps
from isthmus.rules.caps import Bucket, Limit, Spent
from isthmus.rules.facts import Fact, Work
from isthmus.rules.rating import RateBook, Rated, RateQuery
from isthmus.rules.rating.batch import BatchRater, WorkKind
from isthmus.rules.rating.columns import Entries
from isthmus.rules.time.pricing import whole

MARK = "<!-- Measured by `make bench-rating ARGS=--write`. -->\n"
PAGE = Path(__file__).parents[1] / "docs/reference/bench-rating.md"


@dataclass(frozen=True)
class Run:
    entries: int
    rated: int
    held: int
    cents: int
    seconds: float
    """From ids, dates and decimal hours to amounts."""
    core_seconds: float
    """Of which rating the columns."""


def in_bulk(count: int) -> Run:
    rater = BatchRater(RateBook.build(cards()), allowances(count))
    numbers: dict[tuple[int, int], int] = {}
    held = cents = 0
    seconds = core = 0.0
    for chunk in raw_entries(count):
        started = process_time()
        entries = Entries()
        for id, person, contract, day, hours in chunk:
            work = numbers.get((person, contract))
            if work is None:
                work = numbers[person, contract] = rater.enter(work_of(person, contract))
            entries.add(id, work, day, hours)
        filled = process_time()
        columns = rater.rate(entries)
        done = process_time()
        seconds += done - started
        core += done - filled
        held += len(columns.held)
        cents += sum(amount for amount in columns.amounts if amount is not None)
    return Run(count, count - held, held, cents, seconds, core)


def one_by_one(count: int) -> Run:
    """The same rules, an object per entry; each rate has its trail."""
    book = RateBook.build(cards())

    def rate(query: RateQuery) -> Rated:
        found = book.resolve(query)
        assert isinstance(found, Rated)
        return found

    return _objects(count, rate)


def naive(count: int) -> Run:
    """What one would write first: look through every card for every entry."""
    listed = cards()

    def rate(query: RateQuery) -> Rated:
        for client in (query.customer, None):
            for card in listed:
                fits = card.customer == client and card.role == query.role
                if fits and card.applies_on(query.worked_on):
                    return Rated(card.bill_rate, card.id, card.number, "", card.effective_from, ())
        raise LookupError(query)

    return _objects(count, rate)


def _objects(count: int, rate: Callable[[RateQuery], Rated]) -> Run:
    limits = allowances(count)
    by_contract: dict[str, list[Fact]] = {}
    seconds = 0.0
    for chunk in raw_entries(count):
        prepared = [as_objects(raw) for raw in chunk]
        started = process_time()
        for entry, work, query in prepared:
            contract = work.contract or ""
            priced = whole(
                Work.of(entry, rate(query), role=query.role or "", contract=contract),
                work.rounding,
            )
            by_contract.setdefault(contract, []).append(priced)
        seconds += process_time() - started
    started = process_time()
    cents = rated = 0
    for contract, ours in by_contract.items():
        spent: dict[Bucket, Spent] = {}
        if contract in limits:
            limit = Limit(Cap(amount=limits[contract].cap))
            used = Spent(amount=limits[contract].consumed.amount)
            spent = {Bucket(limit, contract, contract): used}
        accepted = within_caps(ours, [bucket.limit for bucket in spent], spent, contract).billed
        rated += len(accepted)
        cents += sum(int(fact.amount.amount * 100) for fact in accepted)
    seconds += process_time() - started
    return Run(count, rated, count - rated, cents, seconds, seconds)


def as_objects(raw: Raw) -> tuple[TimeEntry, WorkKind, RateQuery]:
    id, person, contract, day, hours = raw
    entry = TimeEntry(
        id=id,
        resource=f"Consultant {person}",
        project=f"Project {contract}",
        worked_on=day,
        hours=hours,
        currency="EUR",
    )
    work = work_of(person, contract)
    return entry, work, work.on(day.toordinal())


WAYS = {"in bulk": in_bulk, "one by one": one_by_one, "every card": naive}
MEASURED = [
    ("in bulk", 10_000),
    ("in bulk", 100_000),
    ("in bulk", 1_000_000),
    ("one by one", 10_000),
    ("one by one", 100_000),
    ("every card", 10_000),
]


@dataclass(frozen=True)
class Measured:
    way: str
    run: Run
    peak: float
    """Megabytes of the process, Python and the cards included."""

    @property
    def per_second(self) -> float:
        return self.run.entries / self.run.seconds


def measure(way: str, count: int) -> Measured:
    command = [sys.executable, __file__, way, str(count)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(answer.stdout)
    return Measured(way, Run(**told["run"]), told["peak"])


def measured_here(way: str, count: int) -> None:
    run = WAYS[way](count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"run": asdict(run), "peak": megabytes}))


def agree(found: list[Measured]) -> None:
    """Speed is worth nothing if the ways differ by a cent."""
    for count in {one.run.entries for one in found}:
        sums = {(m.run.cents, m.run.held) for m in found if m.run.entries == count}
        if len(sums) > 1:
            raise SystemExit(f"the ways disagree on {count} entries: {sums}")


def table(found: list[Measured]) -> str:
    base = found[-1].per_second
    lines = [
        "| way | entries | held | per second | rating alone | peak memory | to every card |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in found:
        run = one.run
        lines.append(
            f"| {one.way} | {run.entries:,} | {run.held:,} | {one.per_second:,.0f} "
            f"| {run.entries / run.core_seconds:,.0f} | {one.peak:.0f} MB "
            f"| {one.per_second / base:,.1f} x |"
        )
    return "\n".join(lines)


def growth(found: list[Measured]) -> str:
    bulk = [one for one in found if one.way == "in bulk"]
    lines = [
        "| from | to | time grows by | peak memory grows by |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for less, more in pairwise(bulk):
        lines.append(
            f"| {less.run.entries:,} | {more.run.entries:,} "
            f"| {more.run.seconds / less.run.seconds:.1f} x | {more.peak - less.peak:+.1f} MB |"
        )
    return "\n".join(lines)


def machine() -> str:
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"isthmus {version('isthmus')}, {python}, {processor}, one core"


def main(arguments: list[str]) -> None:
    if len(arguments) == 2:
        measured_here(arguments[0], int(arguments[1]))
        return
    found = [measure(way, count) for way, count in MEASURED]
    agree(found)
    tables = f"{table(found)}\n\n{growth(found)}\n"
    print(f"{machine()}\n\n{tables}")
    if arguments == ["--write"]:
        text = PAGE.read_text("utf-8")
        head, mark, _ = text.partition(MARK)
        PAGE.write_text(
            f"{head}{mark}\n{machine()}, {datetime.now(UTC):%Y-%m-%d}.\n\n{tables}", "utf-8"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
