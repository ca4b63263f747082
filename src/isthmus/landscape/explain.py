"""Pydantic's errors as mistakes with a line, a reason and a remedy."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from isthmus.landscape.document import Document
from isthmus.landscape.keys import (
    alternatives,
    choices_of,
    did_you_mean,
    fields_of,
    listed,
    models_at,
    similar,
)
from isthmus.landscape.mistake import Key, KeyPath, dotted
from isthmus.landscape.secrets import MASK, Secrets

_WANTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "float_type": "a number",
    "float_parsing": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a set of keys",
    "mapping_type": "a set of keys",
    "model_type": "a set of keys",
    "model_attributes_type": "a set of keys",
    "date_type": "a date such as 2026-12-31",
    "date_from_datetime_parsing": "a date such as 2026-12-31",
    "date_parsing": "a date such as 2026-12-31",
    "url_parsing": "a web address such as https://example.com",
    "url_type": "a web address such as https://example.com",
}


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a set of keys"
    return "a list" if isinstance(value, list) else f"`{value}`"


class Explainer:
    """Explains the errors of `model`, which stands at `prefix` in the document.

    `extra` names keys that are taken there besides the model's own.
    """

    def __init__(
        self,
        document: Document,
        model: type[BaseModel],
        prefix: KeyPath = (),
        extra: frozenset[str] = frozenset(),
        secrets: Secrets | None = None,
    ) -> None:
        self._document, self._model, self._prefix = document, model, prefix
        self._extra, self._secrets = extra, secrets

    def explain(self, error: ValidationError) -> None:
        told: set[tuple[KeyPath, Key, str]] = set()
        problems = error.errors(include_url=False)
        unknown = [p["loc"] for p in problems if p["type"] == "extra_forbidden"]
        for problem in problems:
            path = self._path(problem["loc"])
            once = (path, problem["loc"][-1] if problem["loc"] else "", problem["type"])
            if once in told or self._told_already(problem, path, unknown):
                continue
            told.add(once)
            self._explain(problem, path)

    def _told_already(
        self, problem: ErrorDetails, path: KeyPath, unknown: list[tuple[Key, ...]]
    ) -> bool:
        """The key is there but misspelt, or the value could not be read in the first place."""
        if problem["type"] == "missing":
            *place, key = problem["loc"]
            beside = (str(loc[-1]) for loc in unknown if list(loc[:-1]) == place)
            return any(similar(name, [str(key)]) for name in beside)
        if path in self._document.unreadable:
            return True
        lacks = self._secrets is not None and self._secrets.lacks(path)
        return lacks and problem["type"] != "extra_forbidden"

    def _scrub(self, text: str) -> str:
        return self._secrets.scrub(text) if self._secrets else text

    def _path(self, location: tuple[Key, ...]) -> KeyPath:
        """The location without what is not in the file: union tags, and a missing last key."""
        path = self._prefix
        for key in location:
            path = (*path, key) if self._document.has((*path, key)) else path
        return path

    def _explain(self, problem: ErrorDetails, path: KeyPath) -> None:
        match problem["type"]:
            case "missing":
                self._missing(problem, path)
            case "extra_forbidden":
                self._unknown(problem, path)
            case "literal_error" | "enum":
                self._choice(path, problem["input"], str(problem["ctx"]["expected"]))
            case "union_tag_invalid":
                tag = (*path, str(problem["ctx"]["discriminator"]).strip("'"))
                self._choice(tag, problem["ctx"]["tag"], str(problem["ctx"]["expected_tags"]))
            case "union_tag_not_found":
                self._untagged(problem, path)
            case _:
                self._other(problem, path)

    def _untagged(self, problem: ErrorDetails, path: KeyPath) -> None:
        key = str(problem["ctx"]["discriminator"]).strip("'")
        declared = [fields_of(m).get(key) for m in models_at(self._model, problem["loc"])]
        known = [c for d in declared if d for c in choices_of(d.annotation) or ()]
        self._document.add(
            path,
            f"`{dotted((*path, key))}` is missing",
            "it decides which other keys are taken",
            f"Add `{key}`, one of: {', '.join(known)}.",
        )

    def _missing(self, problem: ErrorDetails, path: KeyPath) -> None:
        key = str(problem["loc"][-1])
        models = models_at(self._model, problem["loc"][:-1])
        declared = [fields_of(model).get(key) for model in models]
        meaning = next((d.description for d in declared if d and d.description), None)
        known = {name for model in models for name in fields_of(model)}
        written = similar(key, self._beside(path) - known)
        self._document.add(
            (*path, written) if written else path,
            f"`{dotted((*path, key))}` is missing",
            (meaning or "it is required").rstrip("."),
            f"Write `{key}` instead of `{written}`." if written else f"Add `{key}` here.",
        )

    def _beside(self, path: KeyPath) -> set[str]:
        """The keys of the file at a place."""
        written = self._document.get(path)
        return set(written) if isinstance(written, dict) else set()

    def _unknown(self, problem: ErrorDetails, path: KeyPath) -> None:
        key = str(problem["loc"][-1])
        at = problem["loc"][:-1]
        known = {name for model in models_at(self._model, at) for name in fields_of(model)}
        known |= self._extra if not at else set()
        self._document.add(
            path,
            f"unknown key `{key}`",
            f"known here: {listed(known)}",
            did_you_mean(key, known, "Remove it."),
        )

    def _choice(self, path: KeyPath, given: Any, expected: str) -> None:
        known = re.findall(r"'([^']*)'", expected)
        shown = self._scrub(str(given)) if isinstance(given, str | int | bool) else _kind(given)
        key = next(key for key in reversed(path) if isinstance(key, str))
        self._document.add(
            path,
            f"`{shown}` is not a value of `{key}`",
            f"known: {', '.join(known)}",
            did_you_mean(str(given), known, "Write one of them."),
            on_value=True,
        )

    def _other(self, problem: ErrorDetails, path: KeyPath) -> None:
        where = f"`{dotted(path)}`" if path else "the file"
        reason, remedy = self._reason(problem, path)
        self._document.add(path, f"{where} cannot be used", reason, remedy, on_value=True)

    def _reason(self, problem: ErrorDetails, path: KeyPath) -> tuple[str, str]:
        written = self._document.get(path) if self._document.has(path) else problem["input"]
        secret = self._is_secret(problem["loc"])
        if wanted := _WANTED.get(problem["type"]):
            if secret:
                remedy = "Put it in quotes, or refer to it with env:NAME or file:/path."
                return f"it must be {wanted}, and is {MASK}", remedy
            text = problem["type"] == "string_type" and not isinstance(written, dict | list | None)
            remedy = "Put it in quotes." if text else f"Write {wanted}."
            return f"it must be {wanted}, and is {_kind(written)}", remedy
        if problem["type"] == "too_short" and not written:
            return "it is empty", "Write at least one, or leave the key out."
        message = self._scrub(problem["msg"]).removeprefix("Value error, ")
        message = message.replace(str(written), MASK) if secret else message
        message = message.replace("Input should", "it should", 1)
        return message, str(problem.get("ctx", {}).get("remedy", "Correct the value."))

    def _is_secret(self, location: tuple[Key, ...]) -> bool:
        """Declared as one: also a literal in the file is not repeated."""
        beside = models_at(self._model, location[:-1])
        declared = [fields_of(m).get(str(location[-1])) for m in beside] if location else []
        kinds = {kind for d in declared if d for kind in alternatives(d.annotation)}
        return bool(kinds & {SecretStr, SecretBytes})
