"""Where a process spends its processor time: `sampler.py FILE isthmus-arguments ...`.

Every few milliseconds each thread's stack is looked at, and the processor time that the thread has
used since the last look is put down to it: to the room of Isthmus whose code is innermost, and to
the package whose code runs. Waiting costs nothing and so is not seen. Standard library only.

SIGUSR1 forgets what was seen, SIGUSR2 writes it to FILE.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import FrameType

EVERY = 0.004
OTHERS = ("isthmus_bench", "dbos", "uvicorn")
"""Packages that run by themselves, without a room of Isthmus above them."""
Place = tuple[str, str]
"""Room of Isthmus, package that runs in it."""


class Sampler(threading.Thread):
    def __init__(self, file: Path) -> None:
        super().__init__(daemon=True, name="sampler")
        self._file = file
        self._used: dict[int, float] = {}
        self._spent: Counter[Place] = Counter()
        self._functions: Counter[str] = Counter()

    def run(self) -> None:
        while True:
            time.sleep(EVERY)
            for thread, frame in sys._current_frames().items():
                if thread != self.ident:
                    self._look(thread, frame)

    def _look(self, thread: int, frame: FrameType) -> None:
        now = 0.0
        with suppress(OSError):  # a thread that has ended meanwhile
            now = time.clock_gettime(time.pthread_getcpuclockid(thread))
        used = now - self._used.get(thread, now)
        self._used[thread] = now
        if used > 0:
            self._spent[place(frame)] += used  # type: ignore[assignment] # seconds, not a count
            self._functions[function(frame)] += used  # type: ignore[assignment] # as above

    def forget(self) -> None:
        self._spent.clear()
        self._functions.clear()

    def write(self) -> None:
        places = [(room, package, s) for (room, package), s in self._spent.most_common()]
        found = {"places": places, "functions": self._functions.most_common(40)}
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(found), "utf-8")
        draft.replace(self._file)


def place(frame: FrameType) -> Place:
    package, room = _package(frame), "none"
    inner: FrameType | None = frame
    while inner is not None:
        head, *rest = str(inner.f_globals.get("__name__", "")).split(".")
        if head == "isthmus" and rest:
            return rest[0], package
        if head in OTHERS:
            room = f"({head})"
        inner = inner.f_back
    return room, package


def function(frame: FrameType) -> str:
    """The innermost function of ours, else the innermost of all."""
    inner: FrameType | None = frame
    while inner is not None:
        module = str(inner.f_globals.get("__name__", ""))
        if module.startswith("isthmus"):
            return f"{module}.{inner.f_code.co_name}"
        inner = inner.f_back
    return f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_name}"


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def main(file: str, arguments: list[str]) -> None:
    sys.path.pop(0)  # this folder, whose modules are none of Isthmus
    from isthmus.cli import main as isthmus

    sampler = Sampler(Path(file))
    signal.signal(signal.SIGUSR1, lambda *_: sampler.forget())
    signal.signal(signal.SIGUSR2, lambda *_: sampler.write())
    sampler.start()
    sys.argv = ["isthmus", *arguments]
    isthmus()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
