"""A database of the release before named what a payment pays by the ledger's ids."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from tests.store.test_event_migration import at, back_to

from isthmus.kit.ids import derived_id
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio
INVOICE, PAYMENT = derived_id("invoice", "1"), derived_id("payment", "1")
ROWS = [
    ("netsuite", INVOICE, "invoice", "41"),
    ("tryton", derived_id("invoice", "2"), "invoice", "42"),
    ("netsuite", PAYMENT, "payment", "77"),
]


def applied(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection:
        [(data,)] = connection.execute("select data from record where kind = 'payment'").fetchall()
    found: list[dict[str, Any]] = data["applications"]
    return found


async def test_known_invoices_are_named_by_our_ids(empty_database_url: str) -> None:
    url = empty_database_url
    database = Database(url)
    await at(database, "0021")
    amount = {"amount": "5.00", "currency": "EUR"}
    before = [{"invoice": "41", "amount": amount}, {"invoice": "42", "amount": amount}]
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into record (kind, id, data) values ('payment', %s, %s)",
            (PAYMENT, json.dumps({"applications": before})),
        )
        for space, id, kind, external in ROWS:
            connection.execute(
                "insert into xref (kind, canonical_id, space, external_id) values (%s, %s, %s, %s)",
                (kind, id, space, external),
            )
    await at(database, "0022")
    assert applied(url) == [
        {"invoice": INVOICE, "ledger_invoice": "41", "amount": amount},
        {"invoice": "42", "ledger_invoice": "42", "amount": amount},
    ], "what only another ledger calls 42 is not meant"
    await back_to(database, "0021")
    assert applied(url) == before
    await database.close()
