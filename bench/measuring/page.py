"""The page of figures: a section for each question that has been measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .pages import LIMIT_MS
from .results import Results, Row, latest, machine, median
from .tables import NOTHING, beside, grown, is_flat, number, pair, table, times

MARK = "<!-- Measured by `make bench ARGS=--write`. -->"
BATCHES = (1, 100, 1_000, 10_000)
OURS = "isthmus"
LIMITS = {
    1: ("orjson.loads, batches of 1", "INSERT ON CONFLICT, 1 row a commit, 8 connections"),
    100: ("orjson.loads, batches of 100", "INSERT ON CONFLICT unnest arrays, 1000 a commit"),
    1_000: ("orjson.loads, batches of 1000", "COPY, 1000 rows a commit",
            "INSERT ON CONFLICT unnest arrays, 1000 a commit"),
    10_000: ("orjson.loads, batches of 1000", "COPY, one of 100 000",
             "INSERT ON CONFLICT unnest arrays, 1000 a commit"),
}  # fmt: skip
"""What each size of post is held against."""


def write(page: Path, results: Results) -> None:
    """Below the mark; what a person wrote above it stays."""
    head, _, _ = page.read_text("utf-8").partition(MARK)
    page.write_text(f"{head}{MARK}\n\n{text(results)}", "utf-8")


def text(results: Results) -> str:
    parts = [section(results) for section in SECTIONS]
    found = [part for part in parts if part]
    return f"{machine()}.\n\n" + "\n\n".join(found or ["Nothing has been measured."]) + "\n"


def _job(results: Results) -> list[Row]:
    return [row for row in results.of("job") if row["workers"] == 1 and not row["profiled"]]


def _by_batch(rows: Sequence[Row]) -> Mapping[int, list[Row]]:
    return latest(rows, lambda row: row["batch"])


def throughput(results: Results) -> str:
    ours = _by_batch(_job(results))
    if not ours:
        return ""
    peers: dict[str, list[Row]] = {}
    for row in results.of("peers"):
        peers.setdefault(row["peer"], []).append(row)
    at = {batch: median(rows, "entries_s") for batch, rows in ours.items()}
    rows = [[OURS, *(number(at.get(batch)) for batch in BATCHES), *_economy(ours)]]
    for peer, measured in peers.items():
        theirs = _by_batch(measured)
        cells = [beside(_middle(theirs, batch, "entries_s"), at.get(batch)) for batch in BATCHES]
        rows.append([peer, *cells, *_economy(theirs)])
    heads = ["delivered entries/s, posts of", *(f"{b:,}" for b in BATCHES),
             "entries per CPU second, posts of 1,000", "peak memory, MB"]  # fmt: skip
    return f"## Throughput\n{table(heads, rows)}"


def _middle(rows: Mapping[int, list[Row]], batch: int, figure: str) -> float | None:
    return median(rows.get(batch, []), figure)


def _economy(rows: Mapping[int, list[Row]]) -> list[str]:
    peaks = [row["peak_rss_mb"] for measured in rows.values() for row in measured]
    return [number(_middle(rows, 1_000, "entries_per_cpu_s")), number(max(peaks, default=None))]


def limits(results: Results) -> str:
    measured = results.of("raw")
    if not measured:
        return ""
    raw: Mapping[str, float] = measured[-1]["entries_s"]
    ours = _by_batch(_job(results))
    rows = [
        [f"{batch:,}", what, number(raw[what]),
         times(_middle(ours, batch, "entries_s"), raw[what]),
         times(_middle(ours, batch, "acked_s"), raw[what])]
        for batch, names in LIMITS.items()
        for what in names
        if what in raw
    ]  # fmt: skip
    heads = ["posts of", "raw limit, one process", "entries/s", "Isthmus delivers", "takes in"]
    return f"## Raw limits\n{table(heads, rows)}"


def spending(results: Results) -> str:
    """Processor time is what the machine can be short of; waiting is not in it."""
    ours = _by_batch(_job(results))
    rows = []
    for batch, measured in ours.items():
        entries = sum(row["entries"] for row in measured)
        spent = {
            name: sum(row["cpu"].get(name, 0) for row in measured) for name in measured[0]["cpu"]
        }
        thousand = {name: 1e3 * seconds / entries * 1e3 for name, seconds in spent.items()}
        cells = [number(thousand.get(name)) for name in GROUPS]
        rows.append([f"{batch:,}", *cells, number(sum(thousand.values()))])
    heads = ["ms of processor time for 1,000 entries, posts of", *GROUPS, "all"]
    return f"## Where the time goes\n{table(heads, rows)}" if rows else ""


GROUPS = ("API", "workers", "PostgreSQL", "mock ERP")


def rooms(results: Results) -> str:
    measured = results.of("profile")
    if not measured:
        return ""
    rows = []
    for process in ("api", "worker"):
        of = measured[-1].get(process)
        for place, seconds in list((of or {"places": {}})["places"].items())[:10]:
            rows.append([f"{process}: {place}", f"{seconds / of['seconds']:.0%}"])
    heads = [f"room and the package that runs in it, posts of {measured[-1]['batch']:,}", "share"]
    return f"### Room by room\n{table(heads, rows)}"


def calls(results: Results) -> str:
    ours = _by_batch(_job(results))
    rows = [
        [f"{batch:,}", number(median(measured, "erp_posts")),
         number(median(measured, "erp_posts_least")),
         times(median(measured, "erp_posts"), median(measured, "erp_posts_least")),
         number(median(measured, "bytes_per_entry"))]
        for batch, measured in ours.items()
    ]  # fmt: skip
    heads = ["posts of", "calls to the ERP", "least", "ratio", "bytes of database per entry"]
    return f"## Calls and bytes\n{table(heads, rows)}" if rows else ""


def workers(results: Results) -> str:
    found = latest(results.of("workers"), lambda row: row["workers"])
    if not found:
        return ""
    one = median(found.get(1, []), "entries_s")
    rows = [
        [str(count), number(median(rows, "entries_s")), times(median(rows, "entries_s"), one)]
        for count, rows in found.items()
    ]
    return f"## Workers\n{table(['worker processes', 'entries/s', 'to one'], rows)}"


def scale(results: Results) -> str:
    found = latest(results.of("scale"), lambda row: row["size"])
    if not found:
        return ""
    rates = [median(rows, "entries_s") or 0.0 for rows in found.values()]
    peaks = [median(rows, "peak_rss_mb") or 0.0 for rows in found.values()]
    rows = [
        [f"{size:,}", number(rate), grown(rates[0], rate), number(peak), grown(peaks[0], peak),
         number(median(measured, "bytes_per_entry"))]
        for (size, measured), rate, peak in zip(found.items(), rates, peaks, strict=True)
    ]  # fmt: skip
    told = [f"{what} {'is' if is_flat(values) else 'is not'} flat within 10 %"
            for what, values in (("Throughput", rates), ("memory", peaks))]  # fmt: skip
    heads = ["entries", "entries/s", "", "peak memory, MB", "", "bytes of database per entry"]
    return f"## Scale\n{table(heads, rows)}\n\n{'; '.join(told)}."


def latency(results: Results) -> str:
    found = latest(results.of("latency"), lambda row: row["peer"])
    if not found:
        return ""
    figures = ("ack_p50_ms", "ack_p99_ms", "e2e_p50_ms", "e2e_p99_ms", "failed_posts")
    ours = {f: median(found.get(OURS, []), f) for f in figures}
    rows = [
        [peer, *(number(median(rows, f)) if peer == OURS else beside(median(rows, f), ours[f])
                 for f in figures[:4]), number(median(rows, figures[4]))]
        for peer, rows in found.items()
    ]  # fmt: skip
    heads = ["single entries, 20 a second; ms", "acknowledged, p50", "p99", "in the ERP, p50",
             "p99", "posts not taken"]  # fmt: skip
    return f"## Single entries\n{table(heads, rows)}"


def deals(results: Results) -> str:
    measured = results.of("deal")
    if not measured:
        return ""
    row, pressed = measured[-1], (results.of("deal_in_burst") or [None])[-1]
    rows = [
        [what, *_both(row, name), *(_both(pressed, name) if pressed else ())]
        for name, what in (
            ("started", "event stored to flow started"),
            ("ended", "event stored to project handed over"),
            ("from_click", "deal closed in the CRM to project handed over"),
        )
    ]
    heads = [f"{row['deals']} deals, one after the other; ms", "p50", "p99"]
    if pressed:
        heads += ["p50 in a burst", "p99 in a burst"]
    return f"## Opportunity to project\n{table(heads, rows)}{_carried(pressed)}"


def _both(row: Row, name: str) -> tuple[str, str]:
    return number(row[f"{name}_p50_ms"]), number(row[f"{name}_p99_ms"])


def _carried(row: Row | None) -> str:
    if row is None:
        return ""
    return (
        f"\n\nThe burst: hours are posted by the thousand without a pause while {row['deals']} more"
        f" deals are won. {row['taken_s']:,} entries a second are taken in and {row['posted_s']:,}"
        " posted to the simulated ledger, on the same two cores as the simulators."
    )


def outage(results: Results) -> str:
    measured = results.of("outage")
    if not measured:
        return ""
    row = measured[-1]
    rows = [[f"{row['entries']:,}", number(row["down_s"]), number(row["first_line_s"]),
             number(row["drained_s"]), pair(row["lost"], row["duplicates"])]]  # fmt: skip
    heads = ["entries that wait", "ERP away, s", "first line after, s", "last line after, s",
             "lost / twice"]  # fmt: skip
    return f"## An hour's entries after an outage\n{table(heads, rows)}"


def faults(results: Results) -> str:
    found = latest(results.of("faults"), lambda row: (row["test"], row["peer"]))
    rows = [[test, peer, *_suffered(of[-1])] for (test, peer), of in found.items()]
    heads = ["test", "system", "billable entries taken", "owed at the kill", "lost", "ids twice",
             "extra lines", "exceptions complete"]  # fmt: skip
    return f"## Faults\n{table(heads, rows)}" if rows else ""


def _suffered(row: Row) -> list[str]:
    def complete() -> str:
        if "exceptions_ok" in row:
            return "yes" if row["exceptions_ok"] else "no"
        missing: Any = row.get("exceptions_missing")
        if missing is None:
            return NOTHING
        if missing == 0:
            return "yes"
        return f"{missing:,} missing" if missing > 0 else f"{-missing:,} too many"

    figures = ("accepted_billable", "owed_at_kill", "lost", "duplicated", "extra_lines")
    return [*(number(row.get(figure)) for figure in figures), complete()]


def pages(results: Results) -> str:
    found = latest(results.of("pages"), lambda row: row["page"])
    if not found:
        return ""
    rows = [
        [name, number(row["p50_ms"]), number(row["p95_ms"]), str(LIMIT_MS),
         "yes" if row["p50_ms"] <= LIMIT_MS else "no"]
        for name, [*_, row] in found.items()
    ]  # fmt: skip
    [*_, any_] = next(iter(found.values()))
    told = (f"Each asked {any_['times']} times, one after the other, on the demo's quarter: "
            f"{any_['entries']:,} entries, {any_['facts']:,} facts.")  # fmt: skip
    heads = ["page of the console; ms", "median", "p95", "limit of the median", "kept"]
    return f"## Pages of the console\n{told}\n\n{table(heads, rows)}"


SECTIONS: Sequence[Callable[[Results], str]] = (
    throughput, limits, spending, rooms, calls, workers, scale, latency, deals, outage, faults,
    pages,
)  # fmt: skip
