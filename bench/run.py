"""Isthmus beside its peers and the machine's limits, on one job. `make bench` runs all of it.

bench/run.py                       every question, then the tables
bench/run.py job --batch 1000      one question
bench/run.py --quick               the job with small totals, in minutes, without peers
bench/run.py --write               and write docs/reference/bench.md from what was measured
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from measuring import bench, deal, faults, job, page, pages, peer, peers, questions
from measuring.reference import Unusable
from measuring.results import Results

HERE = Path(__file__).resolve().parent
RESULTS, PAGE = HERE / "results", HERE.parent / "docs" / "reference" / "bench.md"
QUESTIONS = {
    "job": job.job,
    "raw": questions.raw,
    "peers": peers.peers,
    "faults": faults.faults,
    "workers": questions.workers,
    "scale": questions.scale,
    "latency": questions.latency,
    "deal": deal.deal,
    "outage": questions.outage,
    "pages": pages.pages,
}
QUICK = ("job",)


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", nargs="*", metavar="question", help=", ".join(QUESTIONS))
    parser.add_argument("--quick", action="store_true", help="small totals, one run each")
    parser.add_argument("--batch", type=int, action="append", help="entries of a post; repeatable")
    parser.add_argument("--total", type=int, help="entries of one run")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is told")
    parser.add_argument("--workers", type=int, default=1, help="worker processes beside the API")
    parser.add_argument("--peer", action="append", choices=peer.PEERS, help="of `peers`, this one")
    parser.add_argument("--test", default="", help="of `faults`, those whose name has this")
    parser.add_argument("--database", help="URL of a PostgreSQL server instead of an own one")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the raw figures")
    parser.add_argument("--quiet", type=float, default=120.0, metavar="SECONDS",
                        help="longest wait for a quiet machine before each run")  # fmt: skip
    parser.add_argument("--profile", action="store_true", help="sample where the time goes")
    parser.add_argument("--write", action="store_true", help="write the page in docs/")
    found = parser.parse_args(given)
    if unknown := sorted(set(found.questions) - {*QUESTIONS, "page"}):
        parser.error(f"no such question: {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
    return found


def main(given: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    asked = arguments(given)
    options = bench.Options(
        asked.quick, tuple(asked.batch) if asked.batch else None, asked.total, asked.runs,
        asked.workers, asked.profile, asked.quiet, tuple(asked.peer) if asked.peer else None,
        asked.test,
    )  # fmt: skip
    results = Results(asked.results.resolve())
    try:
        if asked.questions != ["page"]:
            _ask(asked, results, options)
    except Unusable as error:
        print(error, file=sys.stderr)
        return 2
    print(page.text(results))
    if asked.write:
        page.write(PAGE, results)
    return 0


def _ask(asked: argparse.Namespace, results: Results, options: bench.Options) -> None:
    if asked.questions == ["pages"]:
        pages.ask(results, options, f"{time.time_ns():x}")
        return
    with bench.opened(results, options, asked.database) as opened:
        for name in asked.questions or (QUICK if asked.quick else tuple(QUESTIONS)):
            QUESTIONS[name](opened)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
