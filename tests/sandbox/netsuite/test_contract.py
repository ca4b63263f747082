"""Our field names are the vendor's: compared with the vendor's own list where it is at hand."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from isthmus.sandbox.netsuite.schema import RECORDS

ROOT = Path(__file__).parents[3]
SPECS = Path(os.environ.get("ISTHMUS_VENDOR_SPECS", ROOT.parent / "shared/reference/specs"))


@pytest.fixture
def spec() -> dict[str, Any]:
    path = SPECS / "netsuite" / "record_fields.json"
    if not path.exists():
        pytest.skip(f"no vendor field list at {path}; set ISTHMUS_VENDOR_SPECS")
    return dict(json.loads(path.read_text()))


def test_every_listed_field_exists_here(spec: dict[str, Any]) -> None:
    for name, record in spec["records"].items():
        ours = RECORDS[name].fields.keys() | RECORDS[name].sublists.keys()
        listed = set(record.get("fields", [])) | record.get("sample", {}).keys()
        assert listed - ours == set(), name
        for sublist, fields in record.get("sublists", {}).items():
            missing = set(fields) - RECORDS[name].sublists[sublist].fields.keys()
            assert missing == set(), f"{name}.{sublist}"


def test_listed_values_and_types_are_taken(spec: dict[str, Any]) -> None:
    for name, record in spec["records"].items():
        for field, values in record.get("enums", {}).items():
            kind = RECORDS[name].fields[field]
            assert set(kind.removeprefix("choice:").split(",")) == set(values), f"{name}.{field}"
        for field, kind in record.get("types", {}).items():
            assert {"text": "string"}[RECORDS[name].fields[field]] == kind


def test_no_record_type_the_vendor_lacks(spec: dict[str, Any]) -> None:
    known = spec["records"].keys() | set(spec["presentNamesOnly"])
    assert RECORDS.keys() - known == {"account", "serviceSaleItem"}
    assert RECORDS.keys() & set(spec["absent"]) == set()
