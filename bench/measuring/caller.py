"""The load generator of the reference, speaking to Isthmus. Runs in the tools' environment:

    python caller.py REFERENCE MODE '{"url": ..., "batch": 1000, ...}'

Modes `run`, `latency`, `crash` and `erpfault` are the reference's own. The entries are its own too;
here they get the names that Isthmus has for their fields and an `Idempotency-Key` for each post,
and its answers are read. `outage` is ours. `firm` writes what the systems of the job hold.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, sys.argv[1])

import loadgen
import orjson
import payload
from submission import ours

DEFAULTS = {
    "erp": "http://127.0.0.1:8900", "batch": 100, "total": 10_000, "conns": 8, "rate": 20.0,
    "seconds": 30.0, "settle": 120.0, "erp_delay_ms": 0, "pidfile": None, "kill_at": 0.5,
    "pace": 0.0, "down_from": 5.0, "down_for": 0.0, "max_conc": 0, "keep_sending": False,
    "restart": None, "resend": False, "ack_end": False, "header": "", "plain": False,
}  # fmt: skip
PEOPLE_SEEN_IN = 20_000
OUTCOMES = ("accepted", "changed", "unchanged", "refused")


class Post(bytes):
    """A body with the key that it is sent under, each time that it is sent."""

    key: str
    unknown: int
    """Entries in it that name a project which nobody has."""
    unbillable: int


class Answers:
    """What Isthmus said: how many entries it took, and under which id of its own."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[Post, bytes]] = {}

    def take(self, post: Post, answer: bytes) -> None:
        self._first.setdefault(post.key, (post, answer))

    def told(self) -> dict[str, int]:
        """Outcomes of all posts, each counted once however often it was sent, and what they had
        to be.
        """
        counts = dict.fromkeys(OUTCOMES, 0)
        for _, answer in self._first.values():
            found = orjson.loads(answer)
            for name in OUTCOMES:
                counts[name] += found[name]
        posts = [post for post, _ in self._first.values()]
        return {
            **counts,
            "unknown": sum(post.unknown for post in posts),
            "unbillable": sum(post.unbillable for post in posts),
        }

    def ids(self) -> dict[str, str]:
        """Id of Isthmus -> id of the caller."""
        return {
            entry["id"]: entry["external_id"]
            for _, answer in self._first.values()
            for entry in orjson.loads(answer)["entries"]
            if "id" in entry
        }


ANSWERS = Answers()
_Client = loadgen.Client
_erp = loadgen.erp


class Client(_Client):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        if query := urlsplit(url).query:
            self.path += f"?{query}"

    async def send(self, body: bytes, *args: Any, headers: str = "", **named: Any) -> Any:
        if not isinstance(body, Post):
            return await super().send(body, *args, headers=headers, **named)
        headers += f"idempotency-key: {body.key}\r\n"
        status, answer = await super().send(body, *args, headers=headers, **named)
        if 200 <= status < 300:
            ANSWERS.take(body, answer)
        return status, answer


async def erp(a: Namespace, path: str, body: bytes = b"{}", method: str = "POST") -> Any:
    """Lines are counted under the caller's ids; the ERP has them under those of Isthmus."""
    answer = await _erp(a, path, body, method)
    if path != "/ids":
        return answer
    ids = ANSWERS.ids()
    return {ids.get(line, line): seen for line, seen in answer.items()}


def batches(a: Namespace, total: int, size: int) -> list[tuple[Post, dict[str, int], int]]:
    """As the reference's own: (body, {line: cents}, number of exceptions)."""
    run, made = f"{a.mode}{time.time_ns() // 10**6 % 10**9}", []
    for start in range(0, total, size):
        entries = payload.entries(min(size, total - start), start, run)
        right, wrong = payload.expected(entries)
        post = Post(orjson.dumps([ours(entry) for entry in entries]))
        post.key = f"{run}-{start}"
        post.unknown = sum(entry["project_id"] not in payload.PROJECTS for entry in entries)
        post.unbillable = wrong - post.unknown
        made.append((post, right, wrong))
    return made


async def outage(a: Namespace) -> dict[str, Any]:
    """All entries come in while the ERP is away; how long from its return to the last line."""
    work = batches(a, a.total, a.batch)
    down = {"delay_ms": a.erp_delay_ms, "down_s": 10**6}
    await erp(a, "/reset", orjson.dumps(down))
    begun = time.monotonic()
    acked, failed, _ = await loadgen.closed_loop(a, work, pace=len(work) / a.down_for)
    await asyncio.sleep(max(0.0, a.down_for - (time.monotonic() - begun)))
    await erp(a, "/mode", orjson.dumps({"delay_ms": a.erp_delay_ms}))
    back, back_ns = time.monotonic(), time.monotonic_ns()
    right = {line: cents for i in acked for line, cents in work[i][1].items()}
    stats = await loadgen.drained(a, len(right), a.settle)
    return {
        "batch": a.batch, "entries": a.total, "failed_posts": len(failed),
        "down_s": round(back - begun, 1), "lost": len(right) - stats["distinct"],
        "duplicates": stats["duplicates"], "erp_503": stats["refused"],
        "first_line_s": round((stats["first_ns"] - back_ns) / 1e9, 2),
        "drained_s": round((stats["last_ns"] - back_ns) / 1e9, 2),
        "amount_ok": stats["amount_cents"] == sum(right.values()),
    }  # fmt: skip


def firm() -> dict[str, Any]:
    """Everything that an entry of the job may point at, but for what nobody has."""
    tables = orjson.loads(payload.tables())
    people = {entry["employee_id"] for entry in payload.entries(PEOPLE_SEEN_IN)}
    return {**tables, "people": sorted(people), "roles": list(payload.ROLES)}


def main(mode: str, given: dict[str, Any]) -> dict[str, Any]:
    if mode == "firm":
        return firm()
    a = Namespace(**{**DEFAULTS, **given}, mode=mode)
    a.header = a.header and a.header + "\r\n"
    if not a.plain:
        loadgen.batches, loadgen.Client, loadgen.erp = batches, Client, erp
    does = outage if mode == "outage" else getattr(loadgen, mode)
    found: dict[str, Any] = asyncio.run(does(a))
    return found if a.plain else {**found, "answers": ANSWERS.told()}


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.install()
    except ImportError:
        pass
    result = main(sys.argv[2], json.loads(sys.argv[3]))
    if len(sys.argv) > 4:
        Path(sys.argv[4]).write_bytes(orjson.dumps(result))
    else:
        sys.stdout.buffer.write(orjson.dumps(result) + b"\n")
