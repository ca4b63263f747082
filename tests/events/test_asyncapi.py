"""A6: the AsyncAPI document is one by the specification's own schema, and true of what is sent.

`asyncapi-3.0.0.json.gz` is schemas/3.0.0-without-$id.json of the npm package @asyncapi/specs 6.11.1
(Apache-2.0), without its white space.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from tests.events.out.log import an_event

from isthmus.events.asyncapi import asyncapi_document
from isthmus.events.catalogue import CATALOGUE
from isthmus.events.destinations.nats import subject_of
from isthmus.events.message import cloudevent, message_of
from isthmus.store.events import EventRow

SCHEMA = json.loads(
    gzip.decompress(Path(__file__).with_name("asyncapi-3.0.0.json.gz").read_bytes())
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(json.dumps(asyncapi_document()))  # type: ignore[no-any-return] # its own form


def errors_of(document: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(document)]


def test_it_is_an_asyncapi_document(document: dict[str, Any]) -> None:
    assert errors_of(document) == []


def test_the_schema_finds_mistakes(document: dict[str, Any]) -> None:
    channels = {"invoice.posted": {"adress": "isthmus.invoice.posted"}}
    assert errors_of({**document, "channels": channels}) != []
    operations = {"send": {"action": "publish", "channel": {"$ref": "#/channels/invoice.posted"}}}
    assert errors_of({**document, "operations": operations}) != []


def test_every_event_has_a_channel_that_is_sent_to(document: dict[str, Any]) -> None:
    assert document["channels"].keys() == document["components"]["messages"].keys()
    assert document["channels"].keys() == CATALOGUE.keys()
    sent_to = [o["channel"]["$ref"] for o in document["operations"].values()]
    assert sorted(sent_to) == sorted(f"#/channels/{name}" for name in CATALOGUE)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(_references(document))
    assert "#/components/schemas/CreditedLine" in found
    for reference in found:
        part = document
        for key in reference.removeprefix("#/").split("/"):
            part = part[key]


def _references(part: Any) -> list[str]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    own = [part["$ref"]] if isinstance(part, dict) and isinstance(part.get("$ref"), str) else []
    return own + [reference for value in inner for reference in _references(value)]


def _row(**data: Any) -> EventRow:
    event = an_event("invoice 0", 1)
    values = event.model_dump() | ({"data": data} if data else {})
    return EventRow(position=12, **values)


def test_what_is_sent_fits_its_message_and_its_address(document: dict[str, Any]) -> None:
    row = _row()
    message = document["components"]["messages"]["invoice.posted"]
    fits = Draft7Validator({**document, **message["payload"]})
    assert list(fits.iter_errors(cloudevent(row))) == []
    assert [e.message for e in fits.iter_errors(cloudevent(_row(number="INV-1")))] == [
        "'total' is a required property"
    ]
    address = document["channels"]["invoice.posted"]["address"]
    filled = address.replace("{into}", "isthmus").replace("{subject}", row.subject)
    assert subject_of("isthmus", message_of(row)) == filled
    assert message["name"] == cloudevent(row)["type"]
