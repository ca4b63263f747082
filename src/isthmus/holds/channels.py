"""How a notice leaves: by an Apprise URL, or by one POST. What fails is told, never repeated here.

Neither the address nor the headers of a desk are logged or kept: they hold its secrets.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import TYPE_CHECKING

import httpx2
from pydantic import SecretStr

from isthmus.connect.errors import ConnectError, Refused, Unavailable
from isthmus.connect.http import DEFAULT_TIMEOUT, dump_json
from isthmus.connect.outbound import host_of, outbound
from isthmus.landscape.desks import AppriseDesk, Desk, WebhookDesk
from isthmus.rules.notice import Facts, Kind, filled

if TYPE_CHECKING:
    from apprise import Apprise, NotifyType


async def deliver(name: str, desk: Desk, facts: Facts) -> str | None:
    """The desk's own reference, where it gives one. Raises Unavailable or Refused."""
    match desk:
        case AppriseDesk():
            await _notify(name, desk, facts)
            return None
        case WebhookDesk():
            return await _post(name, desk, facts)


async def _notify(name: str, desk: AppriseDesk, facts: Facts) -> None:
    weight = "over" if facts.kind == Kind.OVER else facts.severity
    await announce(name, desk.url, facts.title, facts.text, weight)


async def announce(name: str, url: SecretStr, title: str, body: str, weight: str) -> None:
    """By an Apprise URL; `weight` is a severity, or `over`. Raises Unavailable or Refused."""
    channel = await asyncio.to_thread(_channel, name, url)
    sent = await channel.async_notify(title=title, body=body, notify_type=_weight(weight))
    if not sent:
        raise Unavailable(name, "the channel did not take the message", outcome_unknown=True)


def channel_of(name: str, desk: AppriseDesk) -> Apprise:
    """Raises Refused."""
    return _channel(name, desk.url)


def _channel(name: str, url: SecretStr) -> Apprise:
    # Apprise reads all its channels when it is imported; most workers need none.
    import apprise

    # A redirect would take the message, and the token in its address, to another host.
    channel = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    if not channel.add(url.get_secret_value()):
        raise Refused(name, "Apprise knows no channel by this URL")
    return channel


def _weight(weight: str) -> NotifyType:
    from apprise import NotifyType

    if weight == "over":
        return NotifyType.SUCCESS
    return NotifyType.FAILURE if weight == "critical" else NotifyType.WARNING


async def _post(name: str, desk: WebhookDesk, facts: Facts) -> str | None:
    body = dump_json(filled(desk.body, facts.by_name()) if desk.body else facts.by_name())
    url = desk.url.get_secret_value()
    try:
        async with outbound(name, {host_of(url)}, timeout=DEFAULT_TIMEOUT) as http:
            answer = await http.post(url, content=body, headers=_headers(desk, facts.key, body))
    except httpx2.TransportError as error:
        raise Unavailable(
            name, f"no answer: {type(error).__name__}", outcome_unknown=True
        ) from error
    if not answer.is_success:
        raise _refusal(name, answer.status_code)
    return _reference(desk, answer)


def _headers(desk: WebhookDesk, key: str, body: bytes) -> dict[str, str]:
    sent = {"Content-Type": "application/json", "Idempotency-Key": key}
    if desk.secret is not None:
        sent["X-Hub-Signature-256"] = signature(desk.secret.get_secret_value(), body)
    return sent | {header: value.get_secret_value() for header, value in desk.headers.items()}


def signature(secret: str, body: bytes) -> str:
    """HMAC with SHA-256 over the body as it is, in the form that WebSub and GitHub gave it:
    https://www.w3.org/TR/websub/#signing-content
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _refusal(name: str, status: int) -> ConnectError:
    """The answer's text may repeat what was sent, so only its status is kept."""
    if status in (408, 425, 429) or status >= 500:
        return Unavailable(name, f"answered {status}")
    return Refused(name, f"answered {status}")


def _reference(desk: WebhookDesk, answer: httpx2.Response) -> str | None:
    """None also where the answer is not as the landscape says: the notice has arrived all the
    same.
    """
    if desk.reference is None:
        return None
    try:
        found = answer.json()
        for part in desk.reference.split("."):
            found = found[part]
    except (ValueError, KeyError, TypeError):
        return None
    return str(found)
