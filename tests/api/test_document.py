"""Whatever may be asked is answered as the document says, and never by a fault of ours.

Cases are made by https://schemathesis.readthedocs.io from the OpenAPI document, half of them
against it, with ids that exist put in here and there.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.gateway import a_month_of_work
from tests.firm import Firm

from isthmus.api.server import serving
from isthmus.cli.schema import openapi_of_release
from isthmus.kit.schema_changes import breaking_changes

pytestmark = [
    pytest.mark.anyio,
    # The server of the same process takes random numbers while cases are made.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]
BASELINE = Path(__file__).parents[2] / "docs" / "reference"
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_headers_conformance, response_schema_conformance,
]  # fmt: skip
LONG, MANY = ("/process/v1/time-entries", "/process/v1/expenses"), 10
"""Lists of large objects, which take long to make up, and so many cases of them."""
PLACES = {
    "label": "H-1", "number": "C-0001", "id": "none", "version": "v1", "role": "crm",
    "kind": "customer", "connection": "salesforce", "desk": "none", "name": "salesforce",
}  # fmt: skip
OFTEN, ALL = 4, 300
"""Cases of each operation in the short suite and in the long one."""


@dataclass
class Asking:
    """Cases against a server; `known` are real values of path parameters."""

    url: str
    known: dict[str, list[str]]
    answered: Counter[int] = field(default_factory=Counter)

    def all(self, each: int) -> None:
        schema = schemathesis.openapi.from_url(f"{self.url}/openapi.json")
        for found in schema.get_all_operations():
            operation = found.ok()
            number = min(each // 2, MANY) if operation.path in LONG else each // 2
            for mode in GenerationMode:
                with suppress(Unsatisfiable):  # some can be asked nothing wrong
                    self._ask(operation.as_strategy(generation_mode=mode), number)

    def _ask(self, cases: st.SearchStrategy[Any], number: int) -> None:
        @settings(
            max_examples=number, derandomize=True, database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases, pick=st.integers(0, 7))
        def asked(case: Any, pick: int) -> None:
            for name in case.path_parameters or {}:
                if name in self.known and pick:
                    case.path_parameters[name] = self.known[name][pick % len(self.known[name])]
            if "wait" in (case.query or {}):
                case.query["wait"] = 0
            answer = case.call(base_url=self.url, timeout=30)
            self.answered[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        asked()


async def ask(firm: Firm, each: int) -> Counter[int]:
    firm.app.settings = firm.app.settings.model_copy(update={"api_rate": 10**9})
    await a_month_of_work(firm)
    async with firm.app.database.begin() as tx:
        customers = await tx.connection.exec_driver_sql("select id from record limit 40")
        ids = [str(id) for (id,) in customers]
    known = {
        "label": ["H-1", "R-0001", "R-0002", "B-1"], "id": ids, "number": ["C-0002", ids[0]],
        "kind": ["customer", "project", "invoice", "time_entry", "opportunity", "contract"],
        "name": ["salesforce", "netsuite"], "connection": ["salesforce", "netsuite"],
    }  # fmt: skip
    async with serving(firm.app) as url:
        asking = Asking(url, known)
        await asyncio.to_thread(asking.all, each)
    return asking.answered


async def test_some_cases_of_every_operation(firm: Firm) -> None:
    answered = await ask(firm, OFTEN)
    assert sum(answered.values()) >= 100
    assert answered[200]


@pytest.mark.slow
@pytest.mark.timeout(3000)
async def test_ten_thousand_cases(firm: Firm) -> None:
    answered = await ask(firm, ALL)
    print(dict(answered))
    assert sum(answered.values()) >= 10_000


def test_nobody_who_builds_on_the_published_api_is_broken() -> None:
    published = json.loads((BASELINE / "openapi.json").read_text("utf-8"))
    assert breaking_changes(published, openapi_of_release()) == []


async def test_the_examples_of_the_document_are_taken(firm: Firm) -> None:
    """What is not there is not found; nothing of an example is invalid."""
    document = openapi_of_release()
    found: dict[str, int] = {}
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url) as http:
        for path, item in document["paths"].items():
            for method, operation in item.items():
                for n, body in enumerate(examples_of(document, operation)):
                    at = path.format(**PLACES)
                    answer = await http.request(
                        method, at, json=body, headers={"idempotency-key": f"{at} {n}"}
                    )
                    found[at] = answer.status_code
    assert len(found) >= 9
    wrong = {at: status for at, status in found.items() if status not in (200, 201, 404, 409)}
    assert wrong == {}


def examples_of(document: dict[str, Any], operation: dict[str, Any]) -> list[Any]:
    """Whole ones, or one put together of its properties' examples where each required one has."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "examples" in schema:
        return list(schema["examples"])
    properties = schema.get("properties", {}).items()
    parts = {name: part["examples"][0] for name, part in properties if "examples" in part}
    return [parts] if parts and set(schema.get("required", ())) <= set(parts) else []
