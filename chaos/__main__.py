"""`python -m chaos`: rounds of work under faults; ends with 1 and names what broke."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from chaos.firm import MOST_ROUNDS
from chaos.page import write_page
from chaos.report import Tally, failure, line
from chaos.rounds import Rounds
from chaos.settle import NotSettled
from chaos.site import running_site

SEED = 2026


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    if not 1 <= asked.rounds <= MOST_ROUNDS:
        sys.exit(f"--rounds is between 1 and {MOST_ROUNDS}")
    home = Path(tempfile.mkdtemp(prefix="isthmus-chaos-")).resolve()
    home.chmod(0o711)  # as root, another account runs the server and must pass
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            tally = runner.run(_played(home, asked.seed, asked.rounds))
        except NotSettled as error:
            print(f"seed {asked.seed}: {error}")
            tally = None
    if tally is None:
        print(f"what happened in detail: {home}")
        return 1
    shutil.rmtree(home)
    if asked.write:
        write_page(tally)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", action="store_true", help="renew docs/reference/chaos.md")
    return parser


async def _played(home: Path, seed: int, number: int) -> Tally | None:
    """None as soon as a promise is broken. SIGTERM ends everything that was started, as Ctrl-C."""
    itself = asyncio.current_task()
    assert itself is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, itself.cancel)
    tally, began = Tally(seed), time.monotonic()
    async with running_site(home) as site:
        rounds = Rounds(site, seed)
        async with following(rounds):
            await rounds.open()
            print(f"seed {seed}: at work after {time.monotonic() - began:.0f} s", flush=True)
            for n in range(1, number + 1):
                outcome = await rounds.play(n)
                tally.add(outcome)
                print(line(outcome), flush=True)
                if outcome.broken:
                    print(failure(outcome.broken, seed, n))
                    return None
            if problems := await rounds.close(number):
                print(failure(problems, seed, number))
                return None
            tally.count(rounds.settling.found(), site)
    tally.seconds = time.monotonic() - began
    print(tally.told())
    return tally


@contextlib.asynccontextmanager
async def following(rounds: Rounds) -> AsyncIterator[None]:
    task = asyncio.create_task(rounds.follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
