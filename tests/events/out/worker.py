"""A relay that dies by SIGKILL when its second page is at the broker and nothing says so yet.

python worker.py DATABASE_URL BROKER_URL INTO
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from tests.events.out.log import QUICK, destination

from isthmus.events.feed import Feed, Page
from isthmus.events.relay import Relay
from isthmus.store.database import Database
from isthmus.store.destinations import DestinationRow


class Mortal(Relay):
    async def _move(self, row: DestinationRow, page: Page) -> None:
        if row.position:
            os.kill(os.getpid(), signal.SIGKILL)
        await super()._move(row, page)


async def main(database_url: str, url: str, into: str) -> None:
    database = Database(database_url)
    to = destination(url=url, into=into)
    await Mortal("out", to, database, Feed(database), lease_seconds=2.0, pace=QUICK).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
