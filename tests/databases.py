"""Databases of tests: one of the release for each, emptied and used again by the next."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

TOO_LARGE = 1 << 20
"""Bytes of one table from which emptying costs more than another copy of the template."""

_SHAPE = """
select md5(string_agg(line, ',' order by line)) from (
  select 'class ' || c.oid || c.relname || c.relkind::text from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  union all select 'trigger ' || oid || tgenabled::text from pg_trigger where not tgisinternal
  union all select 'function ' || p.oid || md5(p.prosrc) from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname not in ('pg_catalog', 'information_schema')
  union all select 'column ' || attrelid || attname || atttypid || attnotnull::text
    from pg_attribute
    where attrelid >= 16384 and attnum > 0
  union all select 'constraint ' || oid || convalidated::text
    from pg_constraint where oid >= 16384
) as lines (line)
"""
_TABLES = """
select quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.oid from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
"""
_PARTITIONS = """
select c.oid::regclass::text from pg_inherits i
  join pg_class c on c.oid = i.inhrelid and c.relkind = 'r'
"""
_SEQUENCES = """
select count(setval(seqrelid, seqstart, false)) from pg_sequence
  where pg_sequence_last_value(seqrelid) is not null
"""


@dataclass
class Databases:
    """Of one server. `template` has all tables of the product and its engine."""

    server: psycopg.Connection
    template: str
    free: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    """Table with rows in the template -> the checksum of those rows."""
    partitions: set[str] = field(default_factory=set)
    shapes: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URL of an empty database of this release, nobody else's until the context ends."""
        name = self.free.pop() if self.free else self._another()
        yield url_of(self.server, name)
        try:
            reusable = self._emptied(name)
        except psycopg.OperationalError:  # a test closed it for good
            reusable = False
        if reusable:
            self.free.append(name)
        else:
            drop(self.server, name)

    def close(self) -> None:
        for name in self.free:
            drop(self.server, name)

    def _another(self) -> str:
        name = copy(self.server, self.template)
        with psycopg.connect(url_of(self.server, name), autocommit=True) as database:
            self.shapes[name] = _shape(database)
            self.kept = self.kept or _contents(database)
            self.partitions = self.partitions or _partitions(database)
        return name

    def _emptied(self, name: str) -> bool:
        """False where a test left other tables, triggers or contents than it found, or much."""
        self.server.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
            [name],
        )
        with psycopg.connect(url_of(self.server, name), autocommit=True) as database:
            for made in _partitions(database) - self.partitions:
                database.execute(f"drop table {made}")
            if _shape(database) != self.shapes[name]:
                return False
            filled = _filled(database)
            if filled is None:
                return False
            with database.transaction():
                database.execute("set local session_replication_role = replica")
                for table in filled - self.kept.keys():
                    database.execute(f"delete from {table}")
                database.execute(_SEQUENCES)
            return {t: _checksum(database, t) for t in filled & self.kept.keys()} == self.kept


def _partitions(database: psycopg.Connection) -> set[str]:
    """A worker makes more of them, for the days to come."""
    return {name for (name,) in database.execute(_PARTITIONS)}


def _shape(database: psycopg.Connection) -> str:
    row = database.execute(_SHAPE).fetchone()
    return str(row and row[0])


def _filled(database: psycopg.Connection) -> set[str] | None:
    """Tables that have ever had a row; None where one of them is large."""
    rows = database.execute(
        f"select name, pg_relation_size(oid) from ({_TABLES}) as tables (name, oid)"
    ).fetchall()
    if any(size > TOO_LARGE for _, size in rows):
        return None
    return {name for name, size in rows if size}


def _contents(database: psycopg.Connection) -> dict[str, str]:
    return {table: _checksum(database, table) for table in _filled(database) or ()}


def _checksum(database: psycopg.Connection, table: str) -> str:
    query = f"select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from {table} t"
    row = database.execute(query).fetchone()
    return str(row and row[0])


def copy(server: psycopg.Connection, template: str) -> str:
    """A new database, by name.

    No test takes the power from this server, so nothing is gained by waiting for its disk: a commit
    is as visible, and as safe from the end of a client, without.
    """
    name = f"test_{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
    server.execute(f"ALTER DATABASE {name} SET synchronous_commit TO off")
    return name


def drop(server: psycopg.Connection, name: str) -> None:
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def bare(server: psycopg.Connection) -> Iterator[str]:
    """The URL of a database without a table, for as long as the context lasts."""
    name = copy(server, "template0")
    yield url_of(server, name)
    drop(server, name)


def url_of(server: psycopg.Connection, name: str) -> str:
    known = server.info
    secret = f":{known.password}" if known.password else ""
    return f"postgresql://{known.user}{secret}@/{name}?host={known.host}&port={known.port}"
