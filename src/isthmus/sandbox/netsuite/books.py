"""The account's stored records, with what every part needs: references, names, stamps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from isthmus.sandbox.netsuite.schema import RECORDS
from isthmus.sandbox.netsuite.settings import Settings
from isthmus.sandbox.netsuite.wire import NetSuiteError
from isthmus.sandbox.rows import RowStore

Row = dict[str, Any]
SETTINGS = "_settings"


class Books:
    """Rows by record type and internal id. `fresh` collects what changed since SuiteQL looked."""

    def __init__(self, path: Path | None, now: Callable[[], datetime]) -> None:
        self.store = RowStore(path)
        self.now = now
        for record in RECORDS:
            self.store.index(record, "externalId")
        for record in ("customer", "job", "employee"):
            self.store.index(record, "entityId")
        self.store.index("salesTaxItem", "itemId")
        self.fresh: set[tuple[str, str]] = set()
        self._settings = self._load_settings()
        self.touch_all()

    @property
    def settings(self) -> Settings:
        return self._settings

    def set_settings(self, settings: Settings) -> None:
        self._settings = settings
        self.store.put(SETTINGS, "1", asdict(settings))

    def _load_settings(self) -> Settings:
        stored = self.store.get(SETTINGS, "1")
        return Settings() if stored is None else Settings(**stored)

    def touch_all(self) -> None:
        self.fresh = {(record, key) for record in RECORDS for key in self.store.keys(record)}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.store.transaction():
            yield

    def today(self) -> date:
        return self.now().date()

    def stamp(self) -> str:
        """Instants have whole seconds: two changes within one carry equal stamps."""
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def new_id(self, record: str) -> str:
        return str(self.store.next(f"id:{RECORDS[record].sequence}"))

    def find(self, record: str, row_id: str) -> Row | None:
        return self.store.get(record, row_id)

    def get(self, record: str, row_id: str) -> Row:
        row = self.store.get(record, row_id)
        if row is None:
            raise missing(record, row_id)
        return row

    def by_external_id(self, record: str, external_id: str) -> Row | None:
        found = self.store.find(record, "externalId", external_id)
        return found[0] if found else None

    def all(self, record: str) -> list[Row]:
        return self.store.all(record)

    def put(self, record: str, row: Row) -> Row:
        """Store the row with a new modification stamp."""
        stamped = row | {"lastModifiedDate": self.stamp()}
        self.store.put(record, row["id"], stamped)
        self.fresh.add((record, row["id"]))
        return stamped

    def delete(self, record: str, row_id: str) -> None:
        self.store.delete(record, row_id)
        self.fresh.add((record, row_id))

    def display(self, records: tuple[str, ...], row_id: str) -> str:
        """The name people see for a reference (`refName`, BUILTIN.DF)."""
        for record in records:
            row = self.find(record, row_id)
            if row is not None:
                return str(row.get(RECORDS[record].display) or row.get("companyName") or row_id)
        return row_id

    def minor_unit(self, currency_id: str) -> Decimal:
        """The smallest amount of the currency: 0.01, or 1 for the yen."""
        precision = self.get("currency", currency_id).get("currencyPrecision")
        digits = 2 if precision is None else int(precision["id"])
        return Decimal(1).scaleb(-digits)

    def customer_of(self, entity_id: str) -> Row:
        """The customer billed: the entity itself, or the customer above a project."""
        job = self.find("job", entity_id)
        return self.get("customer", job["parent"]["id"] if job else entity_id)


def missing(record: str, key: str) -> NetSuiteError:
    return NetSuiteError(
        "NONEXISTENT_ID",
        f"The record instance does not exist. Provide a valid record instance ID: {record} {key}.",
        status=404,
    )


def user_error(detail: str, path: str | None = None) -> NetSuiteError:
    """A business rule refuses; USER_ERROR is the platform's catch-all for those."""
    return NetSuiteError("USER_ERROR", f"Error while accessing a resource. {detail}", path=path)


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    return amount.quantize(unit, rounding=ROUND_HALF_UP)


def ref_id(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value["id"])


def lines(row: Row, sublist: str) -> list[Row]:
    return list(row.get(sublist, {}).get("items", []))
