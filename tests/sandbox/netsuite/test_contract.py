"""Our field names are the vendor's: compared with the vendor's own list where it is at hand."""

import json
import os
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from isthmus.sandbox.faults import KINDS
from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.netsuite.control import Control
from isthmus.sandbox.netsuite.schema import RECORDS
from isthmus.sandbox.netsuite.settings import Settings
from isthmus.sandbox.netsuite.tables import TABLES

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
        for sublist, listed_fields in record.get("sublists", {}).items():
            missing = set(listed_fields) - RECORDS[name].sublists[sublist].fields.keys()
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


def test_the_reference_page_names_every_setting_record_table_and_control() -> None:
    page = (ROOT / "docs/reference/sandbox-netsuite.md").read_text()
    with closing(NetSuiteAccount()) as account:
        control = Control(account.books, account.auth, lambda: account.traffic, account.reset)
        names = [route.path for route in control.routes()]
    names += [f"`{field.name}`" for field in fields(Settings)]
    names += [*RECORDS, *(f"`{table}`" for table in TABLES), *KINDS]
    assert [name for name in names if name not in page] == []
