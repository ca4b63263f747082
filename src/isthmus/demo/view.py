"""What the person at the terminal sees: progress while the quarter is played, then the proof."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from isthmus.demo.place import Journal
from isthmus.demo.play import OUTAGE_SECONDS, Stage
from isthmus.demo.tie_out import Counts, Report
from isthmus.demo.watch import Seen
from isthmus.settings import default_home
from isthmus.store.holds import HoldRow

TITLE = "a quarter at Example Advisory"
MOST_MISMATCHES = 20


@dataclass(frozen=True)
class Examples:
    """Labels of this very run, for the commands to try next."""

    run: str
    invoice: str
    hold: str


class View:
    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._progress = Progress(
            TextColumn("  {task.description}"), BarColumn(34),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(), console=self._console,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._stage, self._seen = "", ""

    def say(self, text: str = "", style: str | None = None) -> None:
        self._console.print(Text(text, style=style or ""), soft_wrap=True)

    @contextmanager
    def starting(self, what: str, where: Path) -> Iterator[None]:
        began = time.monotonic()
        yield
        dots = "." * max(3, 36 - len(what))
        self.say(f"  {what} {dots} ready {time.monotonic() - began:6.1f} s   {where}")

    def systems_listen(self, urls: Mapping[str, str]) -> None:
        names = ", ".join(urls).replace("salesforce", "salesforce+certinia")
        hosts = [urlsplit(url).netloc for url in urls.values()]
        ports = ", ".join([hosts[0], *(h.rpartition(":")[2] for h in hosts[1:])])
        self.say(f"  sandbox: {names} ...   listening on {ports}")

    @contextmanager
    def playing(self, stages: int) -> Iterator[None]:
        self._task = self._progress.add_task(TITLE, total=stages, completed=-1)
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self._shown, console=self._console, refresh_per_second=8):
            yield
            self._progress.advance(self._task)
            self._stage = self._seen = ""

    def begins(self, stage: Stage) -> None:
        if self._task is not None:
            self._progress.advance(self._task)
        self._stage = stage.says
        if not self._console.is_terminal:
            self.say(f"    {stage.says}")

    def looked(self, seen: Seen) -> None:
        known = {state: n for state, n in seen.entries.items() if n}
        parts = [f"{n:,} {state}" for state, n in sorted(known.items())]
        waiting = [f"{seen.waiting} runs wait for a system"] if seen.waiting else []
        self._seen = " · ".join([*waiting, *parts])

    def _shown(self) -> Group:
        lines = [Text(f"    {text}", style="dim") for text in (self._stage, self._seen) if text]
        return Group(self._progress, *lines)

    def report(self, report: Report, journal: Journal, seconds: float) -> None:
        self._story(report.counts, journal, seconds)
        self._verdict(report)
        self._totals(report)
        self._mismatches(report.mismatches)
        self._people(report.holds)

    def _story(self, counts: Counts, journal: Journal, seconds: float) -> None:
        self.say(
            f"    deals won {counts.deals_won} -> projects {counts.projects_opened} · "
            f"amended {counts.deals_won - counts.projects_opened - counts.deals_waiting} · "
            f"waiting for a person {counts.deals_waiting}"
        )
        self.say(
            f"    days of work approved {counts.approved:,} -> billable "
            f"{counts.approved - counts.unbillable:,} -> rated {counts.rated:,} -> posted "
            f"{counts.posted:,} -> invoiced {counts.invoiced:,} · held {counts.held:,}"
        )
        if outage := journal.get("outage"):
            self.say(
                f"    {journal.get('erp')} was down for {OUTAGE_SECONDS:.0f} s: "
                f"{outage['waited']:,} {outage.get('what', 'lines')} waited, none lost, "
                f"drained in {outage['drained']:.0f} s"
            )
        if lost := journal.get("lost_answers"):
            self.say(f"    the answers to {lost} written invoices got lost; each is there once")
        self.say(
            f"    {counts.messages} messages of won deals came {counts.deliveries} times, out of "
            f"order; each deal was taken up once"
        )
        self.say(f"    all of it in {seconds:.0f} s")

    def _verdict(self, report: Report) -> None:
        if report.ties:
            self.say("  it ties out", "bold green")
        else:
            count = len(report.mismatches)
            self.say(f"  it does NOT tie out: {count} mismatches", "bold red")

    def _totals(self, report: Report) -> None:
        titles = ("approved", "rounding", "invoiced", "to invoice", "held", "difference")
        self.say(_row("", titles), "dim")
        for line in report.lines:
            amounts = (line.approved, line.rounding, line.invoiced, line.uninvoiced, line.held,
                       line.difference)  # fmt: skip
            self.say(_row(line.currency, [_money(a) for a in amounts]))
        self.say("    approved + rounding of hours that clients agreed to = invoiced + to invoice "
                 "+ held", "dim")  # fmt: skip

    def _mismatches(self, mismatches: Sequence[str]) -> None:
        for mismatch in mismatches[:MOST_MISMATCHES]:
            self.say(f"    {mismatch}", "red")
        if len(mismatches) > MOST_MISMATCHES:
            self.say(f"    and {len(mismatches) - MOST_MISMATCHES} more", "red")

    def _people(self, holds: Sequence[HoldRow]) -> None:
        if not holds:
            return
        self.say("  what needs a person")
        for group in grouped(holds):
            first = group[0]
            days = f"{len(group)} days of work" if first.object_kind == "time_entry" else ""
            show = f"isthmus hold show {first.label}"
            self.say(f"    {first.owner:<12}{_sum(group):>18}   {days:<18}{show}")
            self.say(f"      {first.reason}", "dim")
            self.say(f"      {first.fix}", "dim")

    def what_next(self, home: Path, examples: Examples) -> None:
        """Without a folder named, the commands look into the demonstration's usual one."""
        self.say("  next")
        if shutil.which("isthmus") is None:
            commands = Path(sys.executable).parent
            self.say(f'    export PATH={shlex.quote(str(commands))}:"$PATH"')
        if home != (default_home() / "demo").resolve():
            self.say(f"    export ISTHMUS_HOME={shlex.quote(str(home))}")
        for command, what in _commands(examples):
            self.say(f"    {command:<32} {what}")
        self.say(f"    what happened in detail: {home / 'isthmus.log'}", "dim")


def grouped(holds: Sequence[HoldRow]) -> list[list[HoldRow]]:
    """Holds of one owner with one cause and currency together."""
    groups: dict[tuple[str, str, str | None, str | None], list[HoldRow]] = {}
    for hold in holds:
        alone = hold.label if hold.object_kind != "time_entry" else None
        key = (hold.owner, hold.code, hold.currency, alone)
        groups.setdefault(key, []).append(hold)
    return sorted(groups.values(), key=lambda g: (g[0].owner, g[0].code, g[0].number))


def _row(currency: str, cells: Sequence[str]) -> str:
    return f"    {currency:<4}" + "".join(f"{cell:>14}" for cell in cells)


def _sum(group: Sequence[HoldRow]) -> str:
    total = sum((h.amount or Decimal(0) for h in group), Decimal(0))
    return f"{_money(total)} {group[0].currency}" if group[0].currency else ""


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _commands(examples: Examples) -> tuple[tuple[str, str], ...]:
    return (
        ("isthmus status", "how everything stands"),
        ("isthmus run list", "every run of every flow"),
        (f"isthmus run show {examples.run}", "one deal that waits, step by step"),
        ("isthmus hold list", "what waits, for whom, and what it blocks"),
        (f"isthmus hold show {examples.hold}", "one of them, and how it is mended"),
        (f"isthmus explain {examples.invoice}", "every line of an invoice, back to the hours"),
        ("isthmus model", "which system owns which attribute"),
        (
            "isthmus sandbox --demo",
            "the systems again: correct something there or by hold fix, then hold replay",
        ),
        ("isthmus demo --fresh", "the same quarter from its first day"),
    )
