"""Scenarios: what a firm agrees, does and expects, in one file that the real rules are run on.

`read` gives the file or every mistake in it, `play` what the rules make of it, `compare` where
that is not what the file expects. No database, no network, no clock: only the file.
"""

from isthmus.scenario.compare import Comparison, Difference, compare
from isthmus.scenario.file import ScenarioFile
from isthmus.scenario.outcome import Outcome
from isthmus.scenario.read import Reading, read
from isthmus.scenario.timeline import play
from isthmus.scenario.world import World

__all__ = [
    "Comparison", "Difference", "Outcome", "Reading", "ScenarioFile", "World", "compare", "play",
    "read",
]  # fmt: skip
