"""Why the demonstration cannot go on; three lines: what, why, what to do."""

from __future__ import annotations


class DemoError(Exception):
    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  do:  {remedy}")
        self.what, self.why, self.remedy = what, why, remedy
