"""Start a system again after it was killed: `python -m measuring.restart STATE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .installation import Isthmus
from .peer import Peer


def main(state: Path) -> None:
    is_peer = "name" in json.loads(state.read_text("utf-8"))
    (Peer if is_peer else Isthmus).read(state).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
