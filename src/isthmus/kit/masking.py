"""What no text may tell that others read: secrets, and data of people.

Values that are known are found wherever they stand; what only looks like a secret, or like what a
library prints of the data that it failed on, is found by its form.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable

MASK = "•••"
SHORTEST = 4
"""Shorter values are not looked for: "1" would mask half of a text."""
LINE = 16
"""Lines of a key are secrets of their own from this length on."""
_WORD = re.compile(r"\w+")
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, flags), shown)
    for pattern, shown, flags in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
         MASK, re.DOTALL),
        (r"\b(bearer|basic) [\w.~+/=-]{8,}", rf"\1 {MASK}", re.IGNORECASE),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", MASK, 0),
        (r"\b(isk|whsec)_[\w+/=-]{8,}", rf"\1_{MASK}", 0),
        (r"://[^/\s:@]*:[^/\s@]+@", f"://{MASK}@", 0),
        (r"\b([\w-]*(?:token|secret|password|assertion|signature|api_?key)['\"]?\s?[=:]\s?)"
         r"(?!•)[^\s&,;)}\]]+", rf"\1{MASK}", re.IGNORECASE),
        (r"\b((?:set-)?cookie['\"]?\s?[,:=]\s?(?:b?['\"])?)[^'\"\r\n]+", rf"\1{MASK}",
         re.IGNORECASE),
        # A statement that failed: https://docs.sqlalchemy.org/en/20/errors.html
        (r"\[parameters: .*?\](?=\n|\Z|\()", f"[parameters: {MASK}]", re.DOTALL),
        (r"\b(DETAIL|CONTEXT): .*", rf"\1: {MASK}", 0),
        (r"input_value=.*?, input_type=", f"input_value={MASK}, input_type=", re.DOTALL),
        (r"[\w.%+-]+@[\w-]+(?:\.[\w-]+)+", MASK, 0),
    )
)  # fmt: skip


class Secrets:
    """Values that are secret; the oldest are forgotten, as tokens come and go."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._values: OrderedDict[str, None] = OrderedDict()

    def add(self, value: str) -> None:
        lines = [line for line in value.splitlines() if len(line) >= LINE and "-----" not in line]
        for each in {value, *lines}:
            if len(each) >= SHORTEST:
                self._values[each] = None
                self._values.move_to_end(each)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def scrub(self, text: str) -> str:
        for value in sorted((v for v in tuple(self._values) if v in text), key=len, reverse=True):
            text = text.replace(value, MASK)
        return text


class People:
    """Names, addresses and numbers of people, found by the word that each begins with: a text is
    looked through once, however many there are.
    """

    def __init__(self, values: Iterable[str] = (), most: int = 200_000) -> None:
        self._most, self._count = most, 0
        self._by_word: dict[str, set[str]] = {}
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        for value in values:
            first = _WORD.search(value)
            if first is None or len(value) < SHORTEST:
                continue
            if self._count >= self._most:
                self._by_word, self._count = {}, 0
            same = self._by_word.setdefault(first[0], set())
            self._count += value not in same
            same.add(value)

    def scrub(self, text: str) -> str:
        found = {
            value
            for word in set(_WORD.findall(text))
            for value in tuple(self._by_word.get(word, ()))
            if value in text
        }
        for value in sorted(found, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text


SECRETS, PEOPLE = Secrets(), People()
"""What this process knows of: a log is written from everywhere in it."""


def scrub(text: str) -> str:
    """The text as a log may hold it."""
    text = SECRETS.scrub(text)
    for form, shown in _FORMS:
        text = form.sub(shown, text)
    return PEOPLE.scrub(text)
