"""Outbound Messages: what Salesforce itself pushes. SOAP, at least once, in no order.

The vendor repeats a message for 24 hours until it reads `<Ack>true</Ack>`. There is no signature:
the organisation's id tells a stranger's message apart but is not a secret, which is why a notice
only makes us read the record from the org, and nothing in the message is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from isthmus.canonical import CanonicalObject
from isthmus.connect import Notice, Reply, Unauthorized, Webhook
from isthmus.platforms.salesforce.soql import same_id
from isthmus.platforms.salesforce.transport import SalesforceTransport

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
SESSION = re.compile(rb"(<SessionId\b[^>]*>)[^<]*(</SessionId>)")
"""A message may carry a live session of the org: it is not kept."""

ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    b'<soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound">'
    b"<Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


@dataclass(frozen=True)
class Pushed:
    """What an sObject's message is about; `field` holds the id of the canonical record."""

    model: type[CanonicalObject]
    field: str = "Id"


class OutboundMessages:
    """`pushed` maps sObject names; others are acknowledged and left, so they are not repeated.

    Without a configured organisation the one that we are signed in to is meant. Before the first
    sign-in nothing is believed, and the vendor sends the message again later.
    """

    def __init__(
        self,
        transport: SalesforceTransport,
        organization_id: str | None,
        pushed: Mapping[str, Pushed],
    ) -> None:
        self._transport, self._organization, self._pushed = transport, organization_id, pushed
        self._system = transport.name

    def receive(self, webhook: Webhook) -> tuple[Sequence[Notice], Reply]:
        message = self._verified(webhook.body)
        notices = [n for e in message.iter(f"{OUTBOUND}Notification") for n in self._notices(e)]
        return notices, Reply(ACK, "text/xml", SESSION.sub(rb"\1\2", webhook.body))

    def _verified(self, body: bytes) -> Element:
        ours = self._organization or self._transport.organization_id
        if ours is None:
            raise Unauthorized(
                self._system,
                "cannot tell this message from a stranger's before the first sign-in; "
                "set `organization_id` to know the org from the start",
            )
        try:
            envelope = fromstring(body)
        except (ParseError, DefusedXmlException) as error:
            raise Unauthorized(self._system, f"not an Outbound Message: {error}") from error
        message = envelope.find(f"{SOAP}Body/{OUTBOUND}notifications")
        if message is None:
            raise Unauthorized(self._system, "not an Outbound Message: no notifications in it")
        sender = (message.findtext(f"{OUTBOUND}OrganizationId") or "").strip()
        if len(sender) not in (15, 18) or not same_id(sender, ours):
            raise Unauthorized(self._system, f"message of another organisation: {sender!r}")
        return message

    def _notices(self, notification: Element) -> Iterator[Notice]:
        event = notification.findtext(f"{OUTBOUND}Id")
        record = notification.find(f"{OUTBOUND}sObject")
        if not event or record is None:
            return
        pushed = self._pushed.get(record.get(XSI_TYPE, "").rpartition(":")[2])
        if pushed is None:
            return
        external_id = next((c.text for c in record if _local(c) == pushed.field), None)
        if external_id:
            yield Notice(event, pushed.model, external_id)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
