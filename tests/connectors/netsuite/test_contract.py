"""Every field that is sent or mapped exists in the vendor's record descriptions."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from isthmus.connect.mapping import Mapping

PACKAGE = "isthmus.connectors.netsuite"
ROOT = Path(__file__).parents[3]
SPECS = Path(os.environ.get("ISTHMUS_VENDOR_SPECS", ROOT.parent / "shared/reference/specs"))
FACTS = SPECS / "netsuite" / "record_fields.json"

QUERY_ONLY = {
    "invoice": {
        "tranid",
        "foreigntotal",
        "foreignamountunpaid",
        "status",
        "subtotal",
        "taxtotal",
        "credited",
    },
}
"""SuiteQL's `transaction` has names of its own; `subtotal` and `taxtotal` are summed from
lines, `credited` from links."""
SENT = {
    "customer": {
        "companyName", "externalId", "subsidiary", "currency", "terms", "parent", "isPerson",
        "addressBook", "taxRegistration",
    },
    "job": {
        "companyName", "externalId", "parent", "subsidiary", "currency", "startDate",
        "scheduledEndDate", "jobBillingType", "billingSchedule",
    },
    "timeBill": {
        "externalId", "employee", "customer", "item", "hours", "tranDate", "rate", "overrideRate",
        "department", "class", "subsidiary", "isBillable", "approvalStatus", "memo",
    },
    "invoice": {
        "externalId", "entity", "subsidiary", "currency", "tranDate", "postingPeriod", "terms",
        "otherRefNum", "item",
    },
}  # fmt: skip
LINE = {"item", "quantity", "rate", "amount", "description", "department", "class", "job"}


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    if not FACTS.exists():
        pytest.skip(f"no vendor facts at {FACTS}; set ISTHMUS_VENDOR_SPECS")
    found: dict[str, Any] = json.loads(FACTS.read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("kind", "record"),
    [("customer", "customer"), ("invoice", "invoice"), ("accounting_period", "accountingPeriod")],
)
def test_mapped_columns_are_fields_of_the_record(
    facts: dict[str, Any], kind: str, record: str
) -> None:
    known = {f.lower() for f in facts["records"][record]["fields"]}
    used = {f.split(".")[0] for f in Mapping.load(PACKAGE, kind, {}).fields()}
    assert used - QUERY_ONLY.get(record, set()) - known == set()


@pytest.mark.parametrize("record", sorted(SENT))
def test_sent_fields_are_fields_of_the_record(facts: dict[str, Any], record: str) -> None:
    assert SENT[record] - set(facts["records"][record]["fields"]) == set()


def test_sent_lines(facts: dict[str, Any]) -> None:
    assert LINE - set(facts["records"]["invoice"]["sublists"]["item"]) == set()
    tax = facts["records"]["customer"]["sublists"]["taxRegistration"]
    assert {"nexusCountry", "taxRegistrationNumber"} - set(tax) == set()


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("legal_entity", "subsidiary"),
        ("cost_centre", "department"),
        ("profit_centre", "classification"),
        ("currency", "currency"),
    ],
)
def test_read_records_exist(facts: dict[str, Any], kind: str, record: str) -> None:
    assert record in facts["presentNamesOnly"]
    assert Mapping.load(PACKAGE, kind, {}).object == record
