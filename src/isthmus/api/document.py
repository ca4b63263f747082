"""The OpenAPI 3.1 document: what FastAPI makes of the routes, with the one shape of errors.

https://spec.openapis.org/oas/v3.1.0.html
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from isthmus.access import Permission
from isthmus.web.correlation import HEADER
from isthmus.web.doors import doors
from isthmus.web.problem import MEDIA_TYPE, ProblemDetails

PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}
METHODS = ("get", "put", "post", "delete", "patch")
DESCRIPTION = (
    "The governed layer between a firm's CRM, PSA, ERP and HR systems. Errors are problem details "
    "(RFC 9457). Unsafe methods want an `Idempotency-Key`. docs/guides/call-the-api.md tells more."
)


def openapi_document(web: FastAPI) -> dict[str, Any]:
    """Made once for a process, and the same for every process of a release."""
    if web.openapi_schema is None:
        document = get_openapi(
            title="Isthmus", version=version("isthmus"), routes=web.routes,
            openapi_version="3.1.0", description=DESCRIPTION, tags=TAGS,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )  # fmt: skip
        _tell_errors(document)
        _tell_security(web, document)
        web.openapi_schema = document
    return web.openapi_schema


_TOLD = {
    "system": ("Objects of each role, by ownership.", "integration"),
    "process": ("What somebody waits for.", "pmo"),
    "experience": ("Views for delivery, finance and executives.", "finance"),
    "operations": ("Runs, holds, connections.", "integration"),
    "reconciliations": ("Where systems differ, and who signed for it.", "finance"),
    "time entries": ("Hours and expenses by the thousand.", "pmo"),
    "events": ("The event log.", "integration"),
    "webhooks": ("What vendors tell us.", "integration"),
    "desks": ("What service desks tell us.", "integration"),
    "catalogue": ("What there is.", "integration"),
    "operation": ("Is it up.", "integration"),
}
TAGS = [
    {"name": name, "description": told, "x-owner": owner} for name, (told, owner) in _TOLD.items()
]
"""With the queue that owns each."""


def _tell_errors(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["ProblemDetails"] = problem
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                _operation(item[method])


def _tell_security(web: FastAPI, document: dict[str, Any]) -> None:
    """What each operation asks for, as the scope of a token; of what asks for nothing: nothing."""
    scopes = {str(each): f"The permission {each}." for each in Permission}
    document["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http", "scheme": "bearer",
            "description": "A key of `isthmus access key add`, or a token of POST /oauth/token.",
        },
        "oauth2": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes}},
        },
    }  # fmt: skip
    for door in doors(web):
        operation = document["paths"].get(door.path, {}).get(door.method.lower())
        if operation is not None:
            asks = sorted(map(str, door.asks))
            operation["security"] = [{"bearer": []}, {"oauth2": asks}] if asks else []


def _operation(operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    for status, response in responses.items():
        if status.startswith(("4", "5")):
            response["content"] = {MEDIA_TYPE: {"schema": PROBLEM}}
        response.setdefault("headers", {})[HEADER] = {
            "description": "Quote it when you ask for help.", "schema": {"type": "string"},
        }  # fmt: skip
    responses["default"] = {
        "description": "Any other problem.", "content": {MEDIA_TYPE: {"schema": PROBLEM}},
    }  # fmt: skip
