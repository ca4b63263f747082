"""What NetSuite limits, and how its answers tell (vendor page, section 7)."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx2

from isthmus.connect.quota import Quota, Signal, read_signal
from isthmus.connectors.netsuite.config import NetSuiteConfig
from isthmus.connectors.netsuite.refusals import THROTTLED, details


def quota(config: NetSuiteConfig) -> Quota:
    """Calls at once, REST, SOAP and RESTlets together: 5 in a standard account, 15 to 55 in its
    tiers, 10 more per SuiteCloud Plus licence (bridgehead_1525252812). `concurrency` is our share.
    Oracle publishes no figure for its windows of 60 seconds and 24 hours.
    """
    return Quota(concurrency=config.concurrency)


def read_limits(response: httpx2.Response) -> Signal:
    """Too many at once is 429, or 400 with the same code; no time to wait is documented."""
    found = read_signal(response)
    if response.status_code == 400 and THROTTLED & _codes(response):
        return replace(found, busy=True)
    return found


def _codes(response: httpx2.Response) -> set[str | None]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return set()
    return {d.code for d in details(body)} if isinstance(body, dict) else set()
