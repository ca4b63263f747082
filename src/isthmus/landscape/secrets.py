"""References to what must not be in the file: `env:NAME` and `file:/path`.

They may stand for any text in a vendor's keys. A literal in a field that the connector declares
as secret is used, with a warning.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from isthmus.landscape.document import Document
from isthmus.landscape.mistake import KeyPath

MASK = "**********"
_SHORTEST = 4
"""Shorter values are not looked for in messages: "1" would mask half of the text."""


def is_reference(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("env:", "file:"))


@dataclass
class Secrets:
    """Resolves references, and remembers the values so that no message repeats one."""

    document: Document
    env: Mapping[str, str]
    unresolved: set[KeyPath] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)

    def resolve(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.resolve(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner, (*path, index)) for index, inner in enumerate(value)]
        if not is_reference(value):
            return value
        scheme, _, name = value.partition(":")
        found = self._variable(name, path) if scheme == "env" else self._file(name, path)
        if found is None:
            self.unresolved.add(path)
            return value
        self._known.add(found)
        return found

    def lacks(self, path: KeyPath) -> bool:
        return any(missing[: len(path)] == path for missing in self.unresolved)

    def scrub(self, text: str) -> str:
        for known in self._known:
            if len(known) >= _SHORTEST:
                text = text.replace(known, MASK)
        return text

    def _variable(self, name: str, path: KeyPath) -> str | None:
        if found := self.env.get(name):
            return found
        state = "is empty" if name in self.env else "is not set"
        self.document.add(
            path,
            f"the environment variable {name} {state}",
            f"`{path[-1]}` takes its value from there",
            f"Set {name} in the environment of every isthmus process.",
            on_value=True,
        )
        return None

    def _file(self, name: str, path: KeyPath) -> str | None:
        file = Path(name)
        if not file.is_absolute():
            self._unreadable(path, name, "the path is not absolute")
            return None
        try:
            text = file.read_text("utf-8").strip()
            mode = file.stat().st_mode
        except OSError as error:
            self._unreadable(path, name, (error.strerror or type(error).__name__).lower())
            return None
        except UnicodeDecodeError:
            self._unreadable(path, name, "it is not UTF-8 text")
            return None
        if not text:
            self._unreadable(path, name, "it is empty")
            return None
        if os.name == "posix" and mode & stat.S_IROTH:
            self._world_readable(path, name)
        return text

    def _unreadable(self, path: KeyPath, name: str, why: str) -> None:
        self.document.add(
            path,
            f"the secret file {name} cannot be used",
            why,
            f"Write the value of `{path[-1]}` to an absolute path that this user can read.",
            on_value=True,
        )

    def _world_readable(self, path: KeyPath, name: str) -> None:
        self.document.add(
            path,
            f"every user of this machine can read {name}",
            "a secret file is for the account that runs isthmus",
            f"chmod 600 {name}",
            on_value=True,
            severity="warning",
        )


def masked(written: Any, config: Any, path: KeyPath, literal: Callable[[KeyPath], None]) -> Any:
    """What may be shown of `written`, of which `config` was made; tells `literal` of each secret
    that is written out.
    """
    if isinstance(config, SecretStr | SecretBytes):
        if is_reference(written):
            return written
        literal(path)
        return MASK
    if isinstance(written, dict):
        return {
            key: masked(inner, _member(config, key), (*path, key), literal)
            for key, inner in written.items()
        }
    if isinstance(written, list):
        members = list(config) if isinstance(config, list | tuple) else [None] * len(written)
        return [
            masked(inner, member, (*path, index), literal)
            for index, (inner, member) in enumerate(zip(written, members, strict=True))
        ]
    return written


def _member(config: Any, key: str) -> Any:
    if isinstance(config, Mapping):
        return config.get(key)
    if isinstance(config, BaseModel):
        for name, declared in type(config).model_fields.items():
            if key in (name, declared.alias):
                return getattr(config, name)
    return None
