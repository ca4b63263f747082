"""What is wrong with a file, where, and what to do. All mistakes are told at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Key = str | int
KeyPath = tuple[Key, ...]


def dotted(path: KeyPath) -> str:
    """The path as messages show it.

    >>> dotted(("roles", "erp", 0, "connection"))
    'roles.erp[0].connection'
    """
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


@dataclass(frozen=True, order=True)
class Mistake:
    """A warning does not stop the file from being used. Lines and columns start at 1."""

    line: int
    column: int
    path: str
    what: str
    why: str
    remedy: str
    severity: Literal["error", "warning"] = "error"

    def render(self, file: str) -> str:
        label = "warning: " if self.severity == "warning" else ""
        head = f"{file}:{self.line}:{self.column}: {label}{self.what}"
        return f"{head}\n  why: {self.why}\n  do:  {self.remedy}"


class LandscapeError(ValueError):
    """The landscape cannot be used; `mistakes` holds every reason, warnings too, in file order."""

    def __init__(self, file: Path, mistakes: Sequence[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(mistakes)
        super().__init__(report(file, self.mistakes))


def report(file: Path, mistakes: Iterable[Mistake]) -> str:
    return "\n".join(mistake.render(str(file)) for mistake in mistakes)
