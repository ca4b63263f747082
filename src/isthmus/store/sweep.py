"""A person's texts in every column of every table, the engine's too: replaced, and counted.

The catalogue of the database says which columns there are, so that a table of tomorrow is not
forgotten. Columns that have a meaning of their own are `isthmus.store.personal`'s.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.chunks import chunked

AT_ONCE = 100
"""Texts in one statement."""
_COLUMNS = sa.text("""
select n.nspname, c.relname, a.attname, t.typname from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = ''
  join pg_type t on t.oid = a.atttypid
where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
  and n.nspname not in ('pg_catalog', 'information_schema')
  and t.typname in ('text', 'varchar', 'jsonb', 'json', 'bytea')
order by 1, 2, a.attnum
""")
_OTHERS = frozenset({"audit", "audit_head", "account", "account_grant", "erasure", "session"})
"""Chained, or about those who log in: a person's account is disabled, not erased."""
_MORE = {"record": ", version = version + 1, updated_at = clock_timestamp()"}
"""What tells processes that they have to read a row again."""


@dataclass(frozen=True)
class Place:
    table: str
    column: str
    rows: int


@dataclass(frozen=True)
class _Column:
    schema: str
    table: str
    name: str
    type: str

    @property
    def where(self) -> str:
        return f'"{self.schema}"."{self.table}"'

    @property
    def place(self) -> str:
        return self.table if self.schema == "public" else f"{self.schema}.{self.table}"


def spellings(texts: Iterable[str]) -> list[str]:
    """As it is, in small letters and capitals; each as JSON, JSON in JSON, and HTML or XML write
    it. The longest first.
    """
    found: set[str] = set()
    for text in texts:
        for cased in (text, text.lower(), text.upper()):
            once = json.dumps(cased)[1:-1]
            found |= {
                cased, once, json.dumps(cased, ensure_ascii=False)[1:-1], json.dumps(once)[1:-1],
                html.escape(cased), html.escape(cased, quote=False),
                html.escape(cased).replace("&#x27;", "&apos;"),
            }  # fmt: skip
    return sorted(found, key=lambda text: (-len(text), text))


def _within_json(text: str) -> bool:
    """Can it stand inside a string? A quote that is not escaped ends one."""
    try:
        return isinstance(json.loads(f'"{text}"'), str)
    except ValueError:
        return False


class Sweep:
    def __init__(self, connection: AsyncConnection, keep: Sequence[str] = ()) -> None:
        """`keep` are ids of records that are left alone: of other people."""
        self._connection, self._keep = connection, list(keep)

    async def replace(self, texts: Iterable[str], by: str) -> list[Place]:
        wanted = spellings(texts)
        columns = [_Column(*row) for row in await self._connection.execute(_COLUMNS)]
        found = []
        for column in columns:
            if column.table in _OTHERS:
                continue
            rows = sum([await self._in(column, part, by) for part in chunked(wanted, AT_ONCE)])
            if rows:
                found.append(Place(column.place, column.name, rows))
        return found

    async def _in(self, column: _Column, texts: Sequence[str], by: str) -> int:
        if column.type == "bytea":
            return await self._in_bytes(column, texts, by)
        plain, value = f'"{column.name}"', f'"{column.name}"::text'
        is_json = column.type.startswith("json")
        fit = [text for text in texts if not is_json or _within_json(text)]
        given = {f"t{n}": text for n, text in enumerate(fit)}
        if not given:
            return 0
        for name in given:
            value = f"replace({value}, cast(:{name} as text), :by)"
        has = " or ".join(f"strpos({plain}::text, cast(:{name} as text)) > 0" for name in given)
        done = await self._connection.execute(
            sa.text(
                f"update {column.where} set {plain} = ({value})::{column.type}"
                f"{_MORE.get(column.table, '')} where ({has}){self._but(column)}"
            ),
            {**given, "by": by, **({"keep": self._keep} if column.table == "record" else {})},
        )
        return done.rowcount

    def _but(self, column: _Column) -> str:
        return " and not (id = any(cast(:keep as uuid[])))" if column.table == "record" else ""

    async def _in_bytes(self, column: _Column, texts: Sequence[str], by: str) -> int:
        """Of a body as it came in. There is no `replace` of bytes."""
        plain = f'"{column.name}"'
        wanted = [text.encode() for text in texts]
        given = {f"t{n}": text for n, text in enumerate(wanted)}
        has = " or ".join(f"position(cast(:{name} as bytea) in {plain}) > 0" for name in given)
        rows = await self._connection.execute(
            sa.text(f"select ctid::text, {plain} from {column.where} where {has} for update"), given
        )
        found = rows.all()
        for place, body in found:
            made = bytes(body)
            for text in wanted:
                made = made.replace(text, by.encode())
            await self._connection.execute(
                sa.text(
                    f"update {column.where} set {plain} = :made where ctid = cast(:place as tid)"
                ),
                {"made": made, "place": place},
            )
        return len(found)
