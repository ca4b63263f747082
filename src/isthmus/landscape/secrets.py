"""References to what must not be in the file: `env:NAME`, `file:/path`, and `STORE:NAME` of a
secret manager.

They may stand for any text in a vendor's keys; a secret among them is looked up again when its file
changes, or its store has another. A literal in a field that the connector declares
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

from isthmus.kit.masking import SECRETS
from isthmus.kit.secret import LiveSecret, SecretMissing, Store
from isthmus.landscape.document import Document
from isthmus.landscape.mistake import KeyPath

MASK = "**********"
_SHORTEST = 4
"""Shorter values are not looked for in messages: "1" would mask half of the text."""


@dataclass
class Secrets:
    """Resolves references, and remembers the values so that no message repeats one."""

    document: Document
    env: Mapping[str, str]
    stores: Mapping[str, Store] = field(default_factory=dict)
    """By scheme, beside `env` and `file`."""
    unresolved: set[KeyPath] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)

    def resolve(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.resolve(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner, (*path, index)) for index, inner in enumerate(value)]
        if not self.is_reference(value):
            return value
        scheme, _, name = value.partition(":")
        found = self._found(scheme, name, path)
        if found is None:
            self.unresolved.add(path)
            return value
        self._known.add(found)
        SECRETS.add(found)
        return found

    def is_reference(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        scheme, colon, _ = value.partition(":")
        return bool(colon) and (scheme in ("env", "file") or scheme in self.stores)

    def _found(self, scheme: str, name: str, path: KeyPath) -> str | None:
        if scheme == "env":
            return self._variable(name, path)
        return self._file(name, path) if scheme == "file" else self._stored(scheme, name, path)

    def alive(self, written: Any, config: Any) -> Any:
        """`config`, of which each secret that `written` refers to is looked up again."""
        if isinstance(config, SecretStr):
            return self._live(written, config) if self.is_reference(written) else config
        if isinstance(written, dict) and isinstance(config, BaseModel):
            for key, inner in written.items():
                name, value = _field(config, key)
                if name is not None and (new := self.alive(inner, value)) is not value:
                    config.__dict__[name] = new  # a frozen model too: it is not shown yet
            return config
        if isinstance(written, dict) and isinstance(config, Mapping):
            return {key: self.alive(written.get(key), value) for key, value in config.items()}
        if isinstance(written, list) and isinstance(config, list | tuple):
            members = zip(written, config, strict=True)
            return type(config)(self.alive(inner, value) for inner, value in members)
        return config

    def _live(self, written: str, config: SecretStr) -> SecretStr:
        scheme, _, name = written.partition(":")
        if scheme == "env":
            return config
        value = config.get_secret_value()
        if scheme == "file":
            return LiveSecret(value, name, _contents, _written_at)
        return LiveSecret(value, name, self.stores[scheme])

    def _stored(self, scheme: str, name: str, path: KeyPath) -> str | None:
        try:
            return self.stores[scheme](name)
        except SecretMissing as missing:
            self.document.add(
                path, f"the secret {scheme}:{name} cannot be had", missing.reason, missing.remedy,
                on_value=True,
            )  # fmt: skip
            return None

    def lacks(self, path: KeyPath) -> bool:
        return any(missing[: len(path)] == path for missing in self.unresolved)

    def scrub(self, text: str) -> str:
        for known in self._known:
            if len(known) >= _SHORTEST:
                text = text.replace(known, MASK)
        return text

    def masked(
        self, written: Any, config: Any, path: KeyPath, literal: Callable[[KeyPath], None]
    ) -> Any:
        """What may be shown of `written`, of which `config` was made; tells `literal` of each
        secret that is written out.
        """
        if isinstance(config, SecretStr | SecretBytes):
            if self.is_reference(written):
                return written
            literal(path)
            plain = config.get_secret_value()
            SECRETS.add(plain if isinstance(plain, str) else plain.decode("utf-8", "replace"))
            return MASK
        if isinstance(written, dict):
            return {
                key: self.masked(inner, _field(config, key)[1], (*path, key), literal)
                for key, inner in written.items()
            }
        if isinstance(written, list):
            members = list(config) if isinstance(config, list | tuple) else [None] * len(written)
            return [
                self.masked(inner, member, (*path, index), literal)
                for index, (inner, member) in enumerate(zip(written, members, strict=True))
            ]
        return written

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


def _field(config: Any, key: str) -> tuple[str | None, Any]:
    """The name and value of what the file calls `key`; no name: it is no attribute of a model."""
    if isinstance(config, Mapping):
        return None, config.get(key)
    if isinstance(config, BaseModel):
        for name, declared in type(config).model_fields.items():
            if key in (name, declared.alias):
                return name, getattr(config, name)
    return None, None


def _contents(name: str) -> str:
    """Raises SecretMissing. A file that is being written anew may be empty for a moment."""
    try:
        text = Path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing(f"the file {name} cannot be read", "Write it again.") from error
    if not text:
        raise SecretMissing(f"the file {name} is empty", "Write it again.")
    return text


def _written_at(name: str) -> object:
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
