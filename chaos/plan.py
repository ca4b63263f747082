"""Which faults strike when: all of it from the seed, so a round can be played again."""

from __future__ import annotations

import random
from datetime import date

from chaos.faults import FAULTS, Strike
from chaos.product import COLUMNS

BURST = 12.0
"""Seconds over which work comes in; faults strike while it is done."""
ALWAYS = ("worker killed (SIGKILL)", "PostgreSQL crashed and restarted")
STRIKES_BEGIN = 8.0
"""Seconds within which every fault begins to wait for its work."""
STRIKES = 2
"""Of each fault that a round has."""


def strikes_of(seed: int, round_: int, day: date) -> list[Strike]:
    """In order of time. Two rounds in a row have every fault between them, and four turns of a
    fault meet every flow.
    """
    deck = [fault for fault in FAULTS if fault.name not in ALWAYS]
    random.Random(f"{seed}:deck").shuffle(deck)
    dice = random.Random(f"{seed}:{round_}:strikes")
    hand = [f for f in FAULTS if f.name in ALWAYS] + deck[(round_ - 1) % 2 :: 2]
    turns = [(fault, turn) for fault in hand for turn in range(STRIKES)]
    strikes = []
    for fault, turn in turns:
        past = round_ if fault.name in ALWAYS else (round_ - 1) // 2
        flow = COLUMNS[(past * STRIKES + turn + FAULTS.index(fault)) % len(COLUMNS)]
        seconds = round(dice.uniform(fault.longest / 2, fault.longest), 2)
        at = round(dice.uniform(0.5, STRIKES_BEGIN), 2)
        strikes.append(Strike(at, fault.name, flow, seconds, dice.randrange(1000), day))
    return sorted(strikes, key=lambda strike: strike.at)
