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
from pathlib import Path

from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving

PORTS = {"salesforce": 8901, "netsuite": 8902}
ADDRESSES = "addresses.json"
"""As in `place`, which this process does not import: it would bring in the whole product."""


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


def main() -> None:
    folder = Path(sys.argv[1])
    with (folder / "vendors.lock").open("w") as lock:
        # A predecessor that lost its parent is on its way out; its files are ours after that.
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(serve(folder))


if __name__ == "__main__":
    main()
