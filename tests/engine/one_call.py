"""A process that makes one call and is killed in it: `one_call.py DATABASE_URL VENDOR_URL`."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.engine.limited import workers

from isthmus.connect import Quota


async def call(database_url: str, url: str) -> None:
    quota = Quota(concurrency=1, daily=1000, daily_is_ours=True)
    async with workers(1, database_url, url, quota) as [worker]:
        await worker.write("never")


asyncio.run(call(sys.argv[1], sys.argv[2]))
