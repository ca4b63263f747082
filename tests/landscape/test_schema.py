"""The JSON Schema says what `load` says, as far as a schema can."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.landscape.vendors import CONNECTORS

from isthmus.connect.mapping import AttributeMap
from isthmus.landscape.overrides import AttributeOverlay
from isthmus.landscape.schema import landscape_schema, write_schema


def _references(part: Any) -> Iterator[str]:
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from _references(inner)
    if isinstance(part, dict):
        yield from (value for value in [part.get("$ref")] if isinstance(value, str))
        yield from part.get("discriminator", {}).get("mapping", {}).values()


def test_every_reference_leads_somewhere() -> None:
    schema = landscape_schema(CONNECTORS)
    found = set(_references(schema))
    assert "#/$defs/acme_crm.JwtLogin" in found
    assert found <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_a_vendor_brings_its_keys_and_forbids_others() -> None:
    schema = landscape_schema(CONNECTORS)
    erp = schema["$defs"]["acme_erp"]
    assert list(erp["properties"]) == [
        "vendor", "platform", "region", "changes", "quota", "account", "token", "concurrency",
    ]  # fmt: skip
    assert erp["required"] == ["account", "token", "vendor"]
    assert erp["additionalProperties"] is False
    rules = schema["properties"]["connections"]["additionalProperties"]["allOf"]
    assert [rule["then"]["$ref"] for rule in rules] == [
        "#/$defs/acme_crm", "#/$defs/acme_erp", "#/$defs/acme_psa",
    ]  # fmt: skip


def test_a_secret_and_a_choice_may_be_references() -> None:
    definitions = landscape_schema(CONNECTORS)["$defs"]
    assert definitions["acme_erp"]["properties"]["token"] == {"title": "Token", "type": "string"}
    version = definitions["acme_crm"]["properties"]["api_version"]["anyOf"]
    assert {"type": "string", "pattern": "^(env|file):.+$"} in version


def test_ownership_completes_to_attributes() -> None:
    names = landscape_schema(CONNECTORS)["properties"]["ownership"]["propertyNames"]["enum"]
    assert "customer.payment_terms" in names
    assert "customer.id" not in names


def test_the_file_is_written_for_editors(tmp_path: Path) -> None:
    file = write_schema(tmp_path, CONNECTORS)
    assert file == tmp_path / "isthmus.schema.json"
    assert json.loads(file.read_text("utf-8")) == landscape_schema(CONNECTORS)


def test_an_overlay_has_the_keys_of_the_mapping_that_it_is_laid_over() -> None:
    assert set(AttributeOverlay.model_fields) == set(AttributeMap.model_fields)
