"""Composite: several requests in one call, the later ones using results of the earlier."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.api import Call, Reply, Routes, encoded
from isthmus.sandbox.salesforce.errors import SalesforceError, not_found
from isthmus.sandbox.salesforce.sobject_collections import RollBack, require

MOST_REQUESTS = 25
MOST_QUERIES = 5
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")


def add_routes(routes: Routes) -> None:
    routes.add("POST", "/composite", lambda call: composite(routes, call))


def composite(routes: Routes, call: Call) -> Reply:
    body = call.json_object()
    requests = body.get("compositeRequest")
    if not isinstance(requests, list) or not requests:
        raise SalesforceError("JSON_PARSER_ERROR", "compositeRequest must be a list")
    _check_size(requests)
    answers: list[dict[str, Any]] = []
    try:
        with call.org.all_or_nothing():
            _answer_each(routes, call, requests, answers)
            succeeded = all(answer["httpStatusCode"] < 400 for answer in answers)
            require(succeeded or not body.get("allOrNone"))
    except RollBack:
        for answer in answers:
            if answer["httpStatusCode"] < 400:
                _halt(
                    answer,
                    "The transaction was rolled back since another operation in the"
                    " same transaction failed.",
                )
    return Reply({"compositeResponse": answers})


def _check_size(requests: list[Any]) -> None:
    queries = sum("/query" in str(request.get("url")) for request in requests)
    if len(requests) > MOST_REQUESTS or queries > MOST_QUERIES:
        raise SalesforceError(
            "INVALID_INPUT",
            f"A composite request has at most {MOST_REQUESTS} subrequests, {MOST_QUERIES} of them"
            " queries",
        )
    ids = [request.get("referenceId") for request in requests]
    if None in ids or len(set(ids)) != len(ids):
        raise SalesforceError("INVALID_INPUT", "Each subrequest needs its own referenceId")


def _answer_each(
    routes: Routes, call: Call, requests: list[Any], answers: list[dict[str, Any]]
) -> None:
    known: dict[str, Any] = {}
    for request in requests:
        answer: dict[str, Any] = {"body": None, "httpHeaders": {}, "httpStatusCode": 200}
        answer["referenceId"] = request["referenceId"]
        answers.append(answer)
        try:
            filled = _filled({key: request.get(key) for key in ("url", "body")}, known)
        except SalesforceError as error:
            _halt(answer, error.message)
            continue
        reply = _sub_answer(routes, call, request.get("method", "GET"), filled)
        answer["body"], answer["httpStatusCode"] = reply.body, reply.status
        answer["httpHeaders"] = dict(reply.headers)
        if reply.status < 400:
            known[request["referenceId"]] = reply.body


def _halt(answer: dict[str, Any], message: str) -> None:
    answer["body"] = [{"errorCode": "PROCESSING_HALTED", "message": message}]
    answer["httpStatusCode"] = 400


def _sub_answer(routes: Routes, call: Call, method: str, filled: Row) -> Reply:
    url = urlsplit(str(filled["url"]))
    if not url.path.startswith(call.base + "/"):
        error = not_found()
        return Reply([error.as_rest()], error.status)
    body = b"" if filled["body"] is None else encoded(filled["body"])
    inner = Call(
        org=call.org,
        cursors=call.cursors,
        writer=call.writer,
        base=call.base,
        method=method,
        path=url.path.removeprefix(call.base),
        query=dict(parse_qsl(url.query)),
        body=body,
    )
    return routes.answer(inner)


def _filled(given: Any, known: dict[str, Any]) -> Any:
    """`@{ref.id}` and `@{ref.records[0].Id}`, anywhere in the URL or the body."""

    def value(match: re.Match[str]) -> str:
        found: Any = known.get(match[1], {})
        for step in re.findall(r"\w+", match[2]):
            found = _step(found, step)
        if found is None or isinstance(found, dict | list):
            raise SalesforceError(
                "PROCESSING_HALTED",
                f"Invalid reference specified. No value for {match[0][2:-1]} found in {match[1]}",
            )
        return str(found)

    if isinstance(given, str):
        return _REFERENCE.sub(value, given)
    if isinstance(given, dict):
        return {key: _filled(item, known) for key, item in given.items()}
    if isinstance(given, list):
        return [_filled(item, known) for item in given]
    return given


def _step(found: Any, step: str) -> Any:
    if isinstance(found, list) and step.isdigit() and int(step) < len(found):
        return found[int(step)]
    return found.get(step) if isinstance(found, dict) else None
