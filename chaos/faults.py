"""What breaks, by name. A fault strikes for a stretch of time and is healed at its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from chaos.site import WORKERS, Site

ERP, CRM = "netsuite", "salesforce"
WRITES_OF_ERP = r"/record/v1/"
WRITES_OF_CRM = r"/(sobjects|composite)"
CALLS = r"/services/(rest/(record|query|async)|data)/"
OFTEN = 0.2
"""Seconds between two looks at a rule."""
SLOW = 0.04
"""Seconds that each chunk on a delayed connection takes longer."""


@dataclass(frozen=True)
class Strike:
    """Not before `at`, in seconds from the start of the burst, and then as soon as `flow` has work
    under way; for `seconds`. `number` picks among equal targets.
    """

    at: float
    fault: str
    flow: str
    seconds: float
    number: int
    day: date
    """A day of the work that is billed now, for what is about periods."""


Act = Callable[[Site, Strike], Awaitable[int]]
"""Strikes, waits, heals; how often it struck."""


@dataclass(frozen=True)
class Fault:
    name: str
    act: Act
    longest: float
    """Seconds."""


def _killing(name: str | None) -> Act:
    async def act(site: Site, strike: Strike) -> int:
        victim = name or WORKERS[strike.number % len(WORKERS)]
        return int(site.processes.kill(victim))

    return act


async def _crash_database(site: Site, strike: Strike) -> int:
    await site.crash_database()
    return 1


def _cutting(relay: str) -> Act:
    """Three times within the stretch."""

    async def act(site: Site, strike: Strike) -> int:
        cut = 0
        for _ in range(3):
            cut += bool(site.relays[relay].cut())
            await asyncio.sleep(strike.seconds / 3)
        return cut

    return act


def _delaying(relay: str) -> Act:
    async def act(site: Site, strike: Strike) -> int:
        site.relays[relay].delay = SLOW
        await asyncio.sleep(strike.seconds)
        site.relays[relay].delay = 0.0
        return 1

    return act


def _vanishing(system: str) -> Act:
    async def act(site: Site, strike: Strike) -> int:
        await site.relays[system].vanish()
        await asyncio.sleep(strike.seconds)
        await site.relays[system].listen()
        return 1

    return act


def _ruling(system: str, kind: str, path: str, times: int, **more: Any) -> Act:
    """By a rule of the simulator, which counts the requests that it hits; over when it has hit so
    many, or at the end of the stretch.
    """

    async def act(site: Site, strike: Strike) -> int:
        control, ends = site.controls[system], time.monotonic() + strike.seconds
        rule = {"kind": kind, "path": path, "seed": strike.number, "times": times, **more}
        id, fired = (await control.post("faults", rule))["id"], 0
        while fired < times and time.monotonic() < ends:
            await asyncio.sleep(OFTEN)
            rules = (await control.get("faults"))["faults"]
            fired = next(int(r["fired"]) for r in rules if r["id"] == id)
        await control.delete(f"faults/{id}")
        return fired

    return act


async def _close_period(site: Site, strike: Strike) -> int:
    """Locked in the ledger, and opened again; Isthmus polls for it."""
    await site.clerk.set_period(strike.day, is_open=False)
    await asyncio.sleep(strike.seconds)
    await site.clerk.set_period(strike.day, is_open=True)
    return 1


async def _expire_tokens(site: Site, strike: Strike) -> int:
    """Tokens in use die, and those handed out meanwhile are dead already."""
    for system in (ERP, CRM):
        await site.controls[system].post("settings", {"token_seconds": 0})
        await site.controls[system].post("revoke-tokens", {})
    await asyncio.sleep(strike.seconds)
    await site.controls[ERP].post("settings", {"token_seconds": 3600})
    await site.controls[CRM].post("settings", {"token_seconds": 7200})
    return 1


async def _fail_lines(site: Site, strike: Strike) -> int:
    """Every other project takes no time in the ledger, so half of a batch's lines fail."""
    jobs = await site.controls[ERP].rows("job")
    chosen = [{"externalId": job["externalId"]} for job in jobs[strike.number % 2 :: 2]]
    if not chosen:
        return 0
    await _let(site, chosen, allow=False)
    await asyncio.sleep(strike.seconds)
    await _let(site, chosen, allow=True)
    return 1


async def _let(site: Site, jobs: list[dict[str, Any]], *, allow: bool) -> None:
    await site.controls[ERP].post("seed", {"job": [{**job, "allowTime": allow} for job in jobs]})


FAULTS = (
    Fault("worker killed (SIGKILL)", _killing(None), 0),
    Fault("API killed (SIGKILL)", _killing("api"), 0),
    Fault("PostgreSQL crashed and restarted", _crash_database, 0),
    Fault("connections to PostgreSQL cut", _cutting("database"), 3),
    Fault("connections to PostgreSQL slow", _delaying("database"), 2),
    Fault("connections to the API cut", _cutting("api"), 3),
    Fault("connections to the ERP cut", _cutting(ERP), 3),
    Fault("connections to the CRM and PSA cut", _cutting(CRM), 3),
    Fault("connections to the ERP slow", _delaying(ERP), 4),
    Fault("ERP writes, then does not answer",
          _ruling(ERP, "timeout_after_commit", WRITES_OF_ERP, 2, seconds=0.3), 12),
    Fault("CRM and PSA write, then do not answer",
          _ruling(CRM, "timeout_after_commit", WRITES_OF_CRM, 2, seconds=0.3), 12),
    Fault("ERP drops requests", _ruling(ERP, "drop_before", CALLS, 4, rate=0.5), 8),
    Fault("ERP throttles (429)",
          _ruling(ERP, "throttle", CALLS, 6, rate=0.7, retry_after=1), 8),
    Fault("ERP answers 500", _ruling(ERP, "error", CALLS, 4, rate=0.5), 8),
    Fault("ERP bodies cut in half", _ruling(ERP, "malformed", CALLS, 4, rate=0.5), 8),
    Fault("CRM and PSA bodies cut in half", _ruling(CRM, "malformed", CALLS, 4, rate=0.5), 8),
    Fault("ERP away", _vanishing(ERP), 4),
    Fault("CRM and PSA away", _vanishing(CRM), 3),
    Fault("tokens expired, also new ones", _expire_tokens, 3),
    Fault("period closed and opened again", _close_period, 6),
    Fault("half of a batch refused by the ERP", _fail_lines, 6),
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}


async def heal(site: Site) -> None:
    """Whatever is still broken is whole again; a fault that was cut short does not outlive it."""
    for relay in ("database", "api", ERP, CRM):
        site.relays[relay].delay = 0.0
        await site.relays[relay].listen()
    for system in (ERP, CRM):
        await site.controls[system].delete("faults")


@asynccontextmanager
async def healed(site: Site) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await heal(site)
