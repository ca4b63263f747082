"""Field names as the vendors publish them, where a checkout of the specifications is at hand."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SYSTEM_FIELDS = frozenset({
    "Id", "Name", "OwnerId", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate",
    "LastModifiedById", "SystemModstamp", "CurrencyIsoCode",
})  # fmt: skip
"""On every object; CurrencyIsoCode where the org has several currencies."""

Fields = dict[str, dict[str, Any]]


def specs() -> Path:
    folder = Path(os.environ.get("ISTHMUS_VENDOR_SPECS", ROOT / "../shared/reference/specs"))
    if not folder.is_dir():
        pytest.skip(f"no vendor specifications in {folder}; set ISTHMUS_VENDOR_SPECS")
    return folder


@cache
def vendor_fields() -> dict[str, Fields]:
    """SObject -> field -> what the vendor says of it, package fields among the standard ones."""
    folder = specs()
    found: dict[str, Fields] = {}
    for name in ("salesforce/standard_objects.json", "certinia_psa/pse_objects.json"):
        for sobject, spec in json.loads((folder / name).read_text())["objects"].items():
            found.setdefault(sobject, {}).update(spec.get("fields", spec))
    extra = json.loads((folder / "certinia_psa/pse_fields_on_standard_objects.json").read_text())
    for sobject, fields in extra["objects"].items():
        found.setdefault(sobject, {}).update(fields)
    return found
