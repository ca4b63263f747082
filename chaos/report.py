"""What the rounds came to, in lines for a person and in counts for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.check import DOUBLED, LOST, Broken
from chaos.rounds import Outcome
from chaos.site import Site
from chaos.stores import Found

SHOWN = 40


@dataclass
class Tally:
    seed: int
    rounds: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    strikes: Counter[str] = field(default_factory=Counter)
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=dict)
    killed: int = 0
    ended: int = 0

    def add(self, outcome: Outcome) -> None:
        self.rounds += 1
        self.slowest = max(self.slowest, outcome.seconds)
        self.strikes += outcome.strikes
        self.struck += outcome.struck

    def count(self, found: Found, site: Site) -> None:
        self.counts = {
            "projects opened": len(found.psa_projects),
            "hours in the ledger, one line per day of work": len(found.time),
            "invoices": len(found.invoices),
            "held, as expected": len(found.holds),
            "events followed": len(found.followed),
        }
        self.killed = sum(site.processes.killed.values())
        self.ended = sum(site.processes.ended.values())

    def told(self) -> str:
        counts = " · ".join(f"{what} {n:,}" for what, n in self.counts.items())
        return (
            f"{self.rounds} rounds in {self.seconds:.0f} s: {sum(self.strikes.values())} faults "
            f"struck · lost 0 · doubled 0 · {counts}"
        )


def line(outcome: Outcome) -> str:
    promises = Counter(problem.promise for problem in outcome.broken)
    kinds = sum(1 for n in outcome.strikes.values() if n)
    return (
        f"round {outcome.number:3}  faults {sum(outcome.strikes.values()):3} of {kinds} kinds"
        f"  lost {promises[LOST]}  doubled {promises[DOUBLED]}  broken {len(outcome.broken)}"
        f"  settled in {outcome.settling:.0f} s  {outcome.seconds:.0f} s in all"
    )


def failure(problems: Sequence[Broken], seed: int, round_: int) -> str:
    shown = "\n".join(f"  {problem}" for problem in problems[:SHOWN])
    more = f"\n  and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    again = f"make chaos ROUNDS={round_} SEED={seed}"
    return f"round {round_} of seed {seed} broke its promises ({again}):\n{shown}{more}"
