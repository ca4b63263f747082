"""A worker on bulk acts that kills itself: after it acted on the Nth hold, before that is kept.

python bulk_worker.py DATABASE_URL FOLDER N
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.holds.place import an_engine

from isthmus.holds.bulk_work import work_off
from isthmus.kit.clock import utc_now
from isthmus.store.bulks import Bulks


async def main(url: str, folder: Path, die_at: int) -> None:
    kept, seen = Bulks.went, 0

    async def mortal(self: Bulks, number: int, hold: int, state: str, message: str) -> None:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        await kept(self, number, hold, state, message)

    Bulks.went = mortal  # type: ignore[method-assign] # the moment of death is the test's
    async with an_engine(url, folder, works=False) as engine:
        await work_off(engine, utc_now())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
