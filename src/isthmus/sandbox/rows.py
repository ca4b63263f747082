"""Rows of a simulated system: JSON values in memory for speed, in SQLite for the next start.

A committed transaction is in the file before the request that made it is answered, so a simulator
killed at any moment reopens with exactly the requests it had acknowledged (or was about to).
"""

import json
import sqlite3
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Fold = Callable[[Any], Hashable]

_TABLES = """
CREATE TABLE IF NOT EXISTS rows (object TEXT, key TEXT, body TEXT, PRIMARY KEY (object, key));
CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value INTEGER);
"""
_DECIMAL = "$decimal"


def dumps(value: object) -> str:
    """JSON that keeps a Decimal exact; `loads` gives it back."""
    return json.dumps(value, default=_tag, separators=(",", ":"))


def loads(text: str) -> Any:
    return json.loads(text, object_hook=_untag, parse_float=Decimal)


def _tag(value: object) -> object:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    raise TypeError(f"{type(value).__name__} is not a row value")


def _untag(value: Row) -> object:
    return Decimal(value[_DECIMAL]) if _DECIMAL in value else value


class RowStore:
    """Objects (tables) of rows by key, with sequences and equality indexes.

    A stored row is never changed in place: `put` a new dict instead. Outside `transaction` every
    write commits by itself. `None` as path keeps everything in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._rows: dict[str, dict[str, Row]] = {}
        self._sequences: dict[str, int] = {}
        self._indexes: dict[str, dict[str, _Index]] = {}
        self._undo: list[Callable[[], None]] = []
        self._changed: dict[tuple[str, str], None] = {}
        self._depth = 0
        self._file = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.executescript(_TABLES)
        self._load()

    def close(self) -> None:
        self._file.close()

    def objects(self) -> list[str]:
        return [name for name, rows in self._rows.items() if rows]

    def get(self, object_name: str, key: str) -> Row | None:
        return self._rows.get(object_name, {}).get(key)

    def all(self, object_name: str) -> list[Row]:
        """In order of first insertion."""
        return list(self._rows.get(object_name, {}).values())

    def keys(self, object_name: str) -> list[str]:
        return list(self._rows.get(object_name, {}))

    def put(self, object_name: str, key: str, row: Row) -> None:
        with self.transaction():
            self._replace(object_name, key, row)

    def delete(self, object_name: str, key: str) -> None:
        with self.transaction():
            self._replace(object_name, key, None)

    def next(self, sequence: str, start: int = 1) -> int:
        """The next number of a sequence; given back when the transaction fails."""
        with self.transaction():
            before = self._sequences.get(sequence)
            self._sequences[sequence] = start if before is None else before + 1
            self._undo.append(lambda: self._restore_sequence(sequence, before))
            self._changed[("", sequence)] = None
            return self._sequences[sequence]

    def index(self, object_name: str, field: str, fold: Fold = lambda value: value) -> None:
        """Make `find` on this field a look-up; `fold` decides which values count as equal."""
        index = _Index(field, fold)
        for key, row in self._rows.get(object_name, {}).items():
            index.add(key, row)
        self._indexes.setdefault(object_name, {})[field] = index

    def find(self, object_name: str, field: str, value: Any) -> list[Row]:
        """Rows whose indexed field equals the value. KeyError when the field has no index."""
        index = self._indexes[object_name][field]
        rows = self._rows.get(object_name, {})
        return [rows[key] for key in index.keys(value)]

    def is_indexed(self, object_name: str, field: str) -> bool:
        return field in self._indexes.get(object_name, {})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a nested one is a savepoint. Await nothing inside: another request's
        writes would join it.
        """
        mark = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:
            self._roll_back(mark)
            self._depth -= 1
            raise
        self._depth -= 1
        if self._depth == 0:
            self._commit()

    def reset(self) -> None:
        """Forget all rows and sequences; indexes stay declared."""
        self._file.executescript("DELETE FROM rows; DELETE FROM sequences;")
        self._rows.clear()
        self._sequences.clear()
        for indexes in self._indexes.values():
            for index in indexes.values():
                index.clear()

    def _load(self) -> None:
        for name, key, body in self._file.execute(
            "SELECT object, key, body FROM rows ORDER BY rowid"
        ):
            self._rows.setdefault(name, {})[key] = loads(body)
        self._sequences = dict(self._file.execute("SELECT name, value FROM sequences"))

    def _replace(self, object_name: str, key: str, row: Row | None) -> None:
        before = self._rows.get(object_name, {}).get(key)
        self._swap(object_name, key, row)
        self._undo.append(lambda: self._swap(object_name, key, before))
        self._changed[(object_name, key)] = None

    def _swap(self, object_name: str, key: str, row: Row | None) -> None:
        rows = self._rows.setdefault(object_name, {})
        before = rows.get(key)
        for index in self._indexes.get(object_name, {}).values():
            index.move(key, before, row)
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row

    def _restore_sequence(self, name: str, before: int | None) -> None:
        if before is None:
            self._sequences.pop(name, None)
        else:
            self._sequences[name] = before

    def _roll_back(self, mark: int) -> None:
        while len(self._undo) > mark:
            self._undo.pop()()
        if self._depth == 1:
            self._changed.clear()

    def _commit(self) -> None:
        self._undo.clear()
        if not self._changed:
            return
        changed, self._changed = self._changed, {}
        self._file.execute("BEGIN")
        for object_name, key in changed:
            self._write(object_name, key)
        self._file.execute("COMMIT")

    def _write(self, object_name: str, key: str) -> None:
        if not object_name:
            statement = "INSERT OR REPLACE INTO sequences VALUES (?, ?)"
            self._file.execute(statement, (key, self._sequences.get(key, 0)))
        elif (row := self.get(object_name, key)) is None:
            self._file.execute("DELETE FROM rows WHERE object = ? AND key = ?", (object_name, key))
        else:
            statement = (
                "INSERT INTO rows VALUES (?, ?, ?)"
                " ON CONFLICT (object, key) DO UPDATE SET body = excluded.body"
            )
            self._file.execute(statement, (object_name, key, dumps(row)))


class _Index:
    def __init__(self, field: str, fold: Fold) -> None:
        self._field = field
        self._fold = fold
        self._keys: dict[Hashable, dict[str, None]] = {}

    def keys(self, value: Any) -> list[str]:
        return list(self._keys.get(self._fold(value), {}))

    def add(self, key: str, row: Row) -> None:
        if (value := row.get(self._field)) is not None:
            self._keys.setdefault(self._fold(value), {})[key] = None

    def move(self, key: str, before: Row | None, after: Row | None) -> None:
        old = None if before is None else before.get(self._field)
        new = None if after is None else after.get(self._field)
        if old is not None and old != new:
            self._keys[self._fold(old)].pop(key, None)
        if after is not None and old != new:
            self.add(key, after)

    def clear(self) -> None:
        self._keys.clear()
