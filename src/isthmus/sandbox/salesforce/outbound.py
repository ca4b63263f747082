"""Outbound Messages: SOAP notifications, retried until the listener acknowledges.

A message carries the record as it is when the message is sent, not as it was when it was queued.
The queue is in the store, so it outlives the process.
"""

import asyncio
import contextlib
import random
import time
from dataclasses import asdict, dataclass
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape, quoteattr

import httpx2
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Change
from isthmus.sandbox.salesforce.ids import new_id
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.schema import Field
from isthmus.sandbox.salesforce.values import wire

MESSAGES = "_outbound_message"
QUEUE = "_notification"
FAILED = "_notification_failed"
NAMESPACE = "http://soap.sforce.com/2005/09/outbound"
ENTERPRISE = "urn:sobject.enterprise.soap.sforce.com"
KNOBS = "outbound"
MOST_IN_A_MESSAGE = 100
DAY = 24 * 60 * 60
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"\
 xmlns:xsd="http://www.w3.org/2001/XMLSchema"\
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="{namespace}">
   <OrganizationId>{org_id}</OrganizationId>
   <ActionId>{action_id}</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>{url}/services/Soap/c/66.0/{org_id}</EnterpriseUrl>
   <PartnerUrl>{url}/services/Soap/u/66.0/{org_id}</PartnerUrl>
{notifications}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>
"""


@dataclass
class Knobs:
    """How deliveries behave. Back-off doubles from `retry_seconds` up to `retry_most_seconds`."""

    duplicate_rate: float = 0.0
    shuffle: bool = False
    seed: int = 0
    retry_seconds: float = 15.0
    retry_most_seconds: float = 3600.0
    give_up_seconds: float = DAY
    timeout_seconds: float = 30.0


class OutboundMessages:
    def __init__(self, org: Org, instance_url: str) -> None:
        self._org = org
        self._url = instance_url
        self._wake = asyncio.Event()
        self.knobs = Knobs()
        self._dice = random.Random(0)
        self._adopt(org.store.get("_setting", KNOBS) or {})
        org.listeners.append(self.queue)

    def set_knobs(self, given: Row) -> Row:
        known = asdict(self.knobs)
        unknown = set(given) - set(known)
        if unknown:
            raise ValueError(f"unknown key {sorted(unknown)[0]!r}; known: {', '.join(known)}")
        self._adopt(given)
        self._org.store.put("_setting", KNOBS, asdict(self.knobs))
        self._wake.set()
        return asdict(self.knobs)

    def _adopt(self, given: Row) -> None:
        known = asdict(self.knobs)
        typed = {name: type(known[name])(value) for name, value in given.items()}
        self.knobs = Knobs(**{**known, **typed})
        self._dice = random.Random(self.knobs.seed)

    def configure(self, given: Row) -> Row:
        """`object`, `fields`, `endpoint`, and `when` ({"field", "equals"} or null for every
        change). A rule fires when a row comes to meet it, as a workflow rule does.
        """
        sobject = self._org.schema.get(given["object"])
        when = given.get("when")
        made = {
            "id": new_id("04k", self._org.store.next("id:04k")),
            "object": sobject.name,
            "fields": sorted({"Id", *(sobject.get(name).name for name in given["fields"])}),
            "endpoint": given["endpoint"],
            "when": when and {"field": sobject.get(when["field"]).name, "equals": when["equals"]},
        }
        self._org.store.put(MESSAGES, made["id"], made)
        return made

    def status(self) -> Row:
        store = self._org.store
        return {
            "messages": store.all(MESSAGES),
            "pending": store.all(QUEUE),
            "failed": store.all(FAILED),
            "knobs": asdict(self.knobs),
        }

    def queue(self, change: Change) -> None:
        for message in self._org.store.all(MESSAGES):
            if message["object"] == change.sobject.name and _comes_to_meet(message, change):
                self._enqueue(message, change.record_id)

    async def deliver_for_ever(self) -> None:
        async with httpx2.AsyncClient() as http:
            while True:
                self._wake.clear()
                await self._deliver_due(http)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._until_next())

    def _enqueue(self, message: Row, record_id: str) -> None:
        made = {
            "id": new_id("04l", self._org.store.next("id:04l")),
            "message": message["id"],
            "record_id": record_id,
            "queued_at": time.time(),
            "next_at": time.time(),
            "attempts": 0,
        }
        self._org.store.put(QUEUE, made["id"], made)
        self._wake.set()

    def _until_next(self) -> float:
        """Seconds to sleep; a minute when nothing waits, because a new row wakes the loop."""
        waiting = [float(row["next_at"]) for row in self._org.store.all(QUEUE)]
        return min(max(min(waiting) - time.time(), 0.01), 60) if waiting else 60

    async def _deliver_due(self, http: httpx2.AsyncClient) -> None:
        now = time.time()
        due = [row for row in self._org.store.all(QUEUE) if row["next_at"] <= now]
        for batch in self._batches(due):
            message = self._org.store.get(MESSAGES, batch[0]["message"])
            if message is None:
                self._drop(batch)
            elif await self._send(http, message, batch):
                self._drop(batch)
                if self._dice.random() < self.knobs.duplicate_rate:
                    await self._send(http, message, batch)
            else:
                self._postpone(batch)

    def _batches(self, due: list[Row]) -> list[list[Row]]:
        """Up to a hundred of one message together; shuffled, they travel alone."""
        if self.knobs.shuffle:
            self._dice.shuffle(due)
            return [[row] for row in due]
        by_message: dict[str, list[Row]] = {}
        for row in due:
            by_message.setdefault(row["message"], []).append(row)
        return [
            rows[at : at + MOST_IN_A_MESSAGE]
            for rows in by_message.values()
            for at in range(0, len(rows), MOST_IN_A_MESSAGE)
        ]

    async def _send(self, http: httpx2.AsyncClient, message: Row, batch: list[Row]) -> bool:
        try:
            answer = await http.post(
                message["endpoint"],
                content=self._envelope(message, batch).encode(),
                headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
                timeout=self.knobs.timeout_seconds,
            )
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return False
        return answer.status_code == 200 and _is_acknowledged(answer.content)

    def _drop(self, batch: list[Row]) -> None:
        with self._org.all_or_nothing():
            for row in batch:
                self._org.store.delete(QUEUE, row["id"])

    def _postpone(self, batch: list[Row]) -> None:
        knobs = self.knobs
        now = time.time()
        with self._org.all_or_nothing():
            for row in batch:
                if now - float(row["queued_at"]) >= knobs.give_up_seconds:
                    self._org.store.delete(QUEUE, row["id"])
                    self._org.store.put(FAILED, row["id"], row)
                    continue
                wait = min(
                    knobs.retry_seconds * 2 ** min(row["attempts"], 30), knobs.retry_most_seconds
                )
                later = {"attempts": row["attempts"] + 1, "next_at": now + wait}
                self._org.store.put(QUEUE, row["id"], {**row, **later})

    def _envelope(self, message: Row, batch: list[Row]) -> str:
        return _ENVELOPE.format(
            namespace=NAMESPACE,
            org_id=self._org.org_id,
            action_id=message["id"],
            url=escape(self._url),
            notifications="\n".join(self._notification(message, row) for row in batch),
        )

    def _notification(self, message: Row, queued: Row) -> str:
        sobject = self._org.schema.get(message["object"])
        row = self._org.store.get(sobject.name, queued["record_id"]) or {"Id": queued["record_id"]}
        names = ["Id", *(name for name in message["fields"] if name != "Id")]
        values = [(sobject.get(name), row) for name in names]
        lines = [
            f"     <sf:{known.name}>{escape(text)}</sf:{known.name}>"
            for known, row in values
            if (text := _soap(known, self._org.value(sobject, row, known))) is not None
        ]
        kind = quoteattr(f"sf:{sobject.name}")
        return "\n".join(
            [
                "   <Notification>",
                f"    <Id>{queued['id']}</Id>",
                f'    <sObject xsi:type={kind} xmlns:sf="{ENTERPRISE}">',
                *lines,
                "    </sObject>",
                "   </Notification>",
            ]
        )


def _comes_to_meet(message: Row, change: Change) -> bool:
    when = message["when"]
    if when is None:
        return True
    known = change.sobject.fields[when["field"]]
    meets = wire(known, change.new.get(known.name)) == when["equals"]
    met = change.old is not None and wire(known, change.old.get(known.name)) == when["equals"]
    return meets and not met


def _soap(known: Field, value: Any) -> str | None:
    """Null fields are left out; instants end in Z here, unlike in REST."""
    shown = wire(known, value)
    if shown is None:
        return None
    if isinstance(shown, bool):
        return str(shown).lower()
    return str(shown).replace("+0000", "Z") if known.type == "datetime" else str(shown)


def _is_acknowledged(content: bytes) -> bool:
    try:
        root = ElementTree.fromstring(content)
    except (ParseError, DefusedXmlException):
        return False
    return root.findtext(f".//{{{NAMESPACE}}}Ack", "").strip() == "true"
