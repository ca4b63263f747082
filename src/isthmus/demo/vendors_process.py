"""Both simulators in a process of their own: `python -m isthmus.demo.vendors_process FOLDER`.

Their rows are in FOLDER, so a killed process loses nothing that it had acknowledged. It ends when
its standard input does, and so never outlives the demonstration.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving

IN_USE = 75
"""Exit code: the files belong to another process, and stayed so (EX_TEMPFAIL of sysexits.h)."""
PATIENCE = 15.0
PORTS = {"salesforce": 8901, "netsuite": 8902}
ADDRESSES = "addresses.json"


async def serve(folder: Path) -> None:
    org = SalesforceOrg(folder / "salesforce.sqlite")
    books = NetSuiteAccount(folder / "netsuite.sqlite")
    ports = _ports()
    async with (
        serving(org.app, ports["salesforce"]) as salesforce,
        serving(books.app, ports["netsuite"]) as netsuite,
    ):
        addresses = {"salesforce": salesforce, "netsuite": netsuite, "process": os.getpid()}
        draft = folder / "addresses.draft"
        draft.write_text(json.dumps(addresses))
        os.replace(draft, folder / ADDRESSES)
        await asyncio.to_thread(sys.stdin.read)
    org.close()
    books.close()


def _ports() -> dict[str, int]:
    """The usual ports; any free one where somebody else has them."""
    return {name: port if _is_free(port) else 0 for name, port in PORTS.items()}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class FilesInUse(Exception):
    """Two processes on one simulator's files would each miss what the other writes."""


@contextmanager
def sole_user(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Raises FilesInUse when another process has the files for longer than `patience` seconds:
    a predecessor that lost its parent is on its way out and needs a moment.
    """
    ends = time.monotonic() + patience
    with (folder / "vendors.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= ends:
                    raise FilesInUse(str(folder)) from None
                time.sleep(0.05)
        yield


def main() -> None:
    folder = Path(sys.argv[1])
    try:
        with sole_user(folder, PATIENCE):
            asyncio.run(serve(folder))
    except FilesInUse:
        sys.exit(IN_USE)


if __name__ == "__main__":
    main()
