"""Who is told of each step's start and end: crash tests hang here."""

from __future__ import annotations

from typing import Protocol

from isthmus.engine.flow import Run


class Observer(Protocol):
    def before(self, run: Run, step: str) -> None: ...

    def after(self, run: Run, step: str) -> None: ...


class Silent:
    def before(self, run: Run, step: str) -> None:
        pass

    def after(self, run: Run, step: str) -> None:
        pass
