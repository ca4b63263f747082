"""What service desks say of holds: proved to be theirs, stored before it is acknowledged, then done
once by a worker.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isthmus.connect.errors import FieldProblem, Invalid, Unauthorized
from isthmus.engine.engine import Engine
from isthmus.engine.hold_actions import assign
from isthmus.engine.refused import ActionRefused
from isthmus.holds.acts import comment, resolution_named, resolve
from isthmus.holds.channels import signature
from isthmus.landscape.desks import Desk
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow
from isthmus.store.inbox import Message
from isthmus.store.leadership import leading

log = structlog.get_logger()
KIND = "hold"
SIGNATURES = ("x-hub-signature-256", "x-hub-signature")
SECRETS = frozenset({"authorization", *SIGNATURES})
AT_ONCE = 100


class Said(BaseModel):
    """One thing that a desk says of one hold, which it names as we do or by its own reference."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    act: Literal["resolve", "comment", "assign"]
    id: str | None = Field(default=None, description="Of the message; the same when repeated.")
    hold: str | None = None
    reference: str | None = None
    code: str | None = None
    text: str = ""
    person: str = ""
    by: str = ""


async def accept(engine: Engine, name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Store what a desk says; False when it was said before. Raises Unauthorized or Invalid.

    A desk may speak of the holds that it was told of, and of no others.
    """
    desk = engine.landscape.exceptions.desks[name]
    _prove(name, desk, {k.lower(): v for k, v in headers.items()}, body)
    said = _read(name, body)
    _check(engine, name, desk, said)
    async with engine.database.begin() as tx:
        hold = await _hold_of(tx, name, said)
        told = await tx.notices.round_of(name, hold.number)
        if not told:
            raise _invalid(name, "hold", hold.label, "the desk was not told of it",
                           "Let the desk act on what it was told of.")  # fmt: skip
        return await tx.inbox.accept(
            _stream(name), said.id or f"{hashlib.sha256(body).hexdigest()}:{told}", kind=KIND,
            external_id=hold.label, body=body,
            headers={k: v for k, v in headers.items() if k.lower() not in SECRETS},
        )  # fmt: skip


def _stream(desk: str) -> str:
    """Its name among the connections of the inbox, which have no colon."""
    return f"desk:{desk}"


def _prove(name: str, desk: Desk, headers: Mapping[str, str], body: bytes) -> None:
    if desk.secret is None:
        raise Unauthorized(name, "this desk may not close anything: it has no secret")
    secret = desk.secret.get_secret_value()
    signed = next((headers[h] for h in SIGNATURES if h in headers), None)
    if signed is not None:
        proved = hmac.compare_digest(signed.encode(), signature(secret, body).encode())
    else:
        token = headers.get("authorization", "").encode()
        proved = hmac.compare_digest(token, f"Bearer {secret}".encode())
    if not proved:
        raise Unauthorized(name, "neither a signature nor a bearer token proves the message")


def _read(name: str, body: bytes) -> Said:
    try:
        return Said.model_validate(json.loads(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise _invalid(name, field, None, first["msg"], "Correct the desk's message.") from None
    except ValueError:
        raise _invalid(
            name, "body", None, "it is not JSON", "Send an object with act and hold."
        ) from None


async def _hold_of(tx: Transaction, name: str, said: Said) -> HoldRow:
    label = said.hold
    if not label and said.reference:
        number = await tx.notices.hold_of(name, said.reference)
        label = None if number is None else str(number)
    found = await tx.holds.find(label) if label else None
    if found is None:
        value = said.hold or said.reference
        reason = "no hold is called so here" if value else "it names no hold"
        raise _invalid(name, "hold" if said.hold or not value else "reference", value, reason,
                       "Send hold as it was told, such as H-17.")  # fmt: skip
    return found


def _check(engine: Engine, name: str, desk: Desk, said: Said) -> None:
    if said.act == "resolve":
        code = said.code or desk.closes_with
        try:
            resolution_named(engine, code)
        except ActionRefused as refused:
            raise _invalid(name, "code", code, refused.why, refused.remedy) from None
    needed = {"comment": ("text", said.text), "assign": ("person", said.person)}.get(said.act)
    if needed and not needed[1].strip():
        raise _invalid(name, needed[0], None, "it is empty", f"Send {needed[0]} with {said.act}.")


def _invalid(name: str, field: str, value: str | None, reason: str, remedy: str) -> Invalid:
    problem = FieldProblem("message", field, value, reason, remedy)
    return Invalid(name, "the message cannot be used", fields=(problem,))


async def take_in(engine: Engine, now: datetime) -> int:
    """Do what was said and stored; the number of messages that are done."""
    done = 0
    for name, desk in engine.landscape.exceptions.desks.items():
        async with leading(engine.database.engine, f"desk-inbox:{name}") as lead:
            if lead:
                done += await _take_in_of(engine, name, desk)
    return done


async def _take_in_of(engine: Engine, name: str, desk: Desk) -> int:
    async with engine.database.begin() as tx:
        waiting = await tx.inbox.waiting(_stream(name), AT_ONCE)
    done = 0
    for message in waiting:
        try:
            await _do(engine, name, desk, message)
        except Exception as error:
            # The edge of a message: it waits, with its error, and the next ones are done.
            log.exception("desk.not_done", desk=name, hold=message.external_id)
            async with engine.database.begin() as tx:
                await tx.inbox.failed(message.id, str(error))
            continue
        async with engine.database.begin() as tx:
            await tx.inbox.done(message.id)
        done += 1
    return done


async def _do(engine: Engine, name: str, desk: Desk, message: Message) -> None:
    """May be repeated after a crash: each act on what has moved on does nothing."""
    async with engine.database.begin() as tx:
        body = await tx.inbox.body_of(message.id)
        hold = await tx.holds.find(message.external_id)
    if hold is None:
        raise LookupError(f"message {message.id} of {name} names {message.external_id}")
    said = Said.model_validate_json(body)
    by = f"{said.by} ({name})" if said.by else name
    try:
        await _act(engine, desk, said, hold, by, message.id)
    except ActionRefused as refused:
        # The desk is no place to read an error: it stays with the hold, which stays open.
        told = f"{said.act} was refused: {refused}"
        await comment(engine, hold, told, by, dedup_key=f"{message.id}:refused")
    if said.act == "resolve":
        async with engine.database.begin() as tx:
            await tx.notices.closed(name, hold.number)


async def _act(engine: Engine, desk: Desk, said: Said, hold: HoldRow, by: str, message: str) -> Any:
    match said.act:
        case "resolve":
            if said.text.strip():
                await comment(engine, hold, said.text, by, dedup_key=message)
            return await resolve(engine, hold, said.code or desk.closes_with, "", by)
        case "comment":
            return await comment(engine, hold, said.text, by, dedup_key=message)
        case "assign":
            return await assign(engine, hold, said.person, by)
