"""The arithmetic of the page, on figures that a person can check."""

from __future__ import annotations

from pathlib import Path

from bench.measuring import page
from bench.measuring.questions import limits
from bench.measuring.results import Results, latest, median
from bench.measuring.tables import beside, grown, is_flat, number, table, times

ABOUT = {"workers": 1, "profiled": False, "cpu": {"API": 1.0, "workers": 3.0, "PostgreSQL": 0.5},
         "peak_rss_mb": 200, "entries_per_cpu_s": 900, "acked_s": 9_000, "entries": 1_000,
         "erp_posts": 6, "erp_posts_least": 5, "bytes_per_entry": 2_000}  # fmt: skip


def test_the_last_series_counts_and_its_middle_is_told() -> None:
    rows = [
        {"batch": 1, "series": "a", "entries_s": 900},
        {"batch": 1, "series": "b", "entries_s": 10},
        {"batch": 1, "series": "b", "entries_s": 30},
        {"batch": 1, "series": "b", "entries_s": 20},
        {"batch": 100, "series": "a", "entries_s": 500},
    ]
    found = latest(rows, lambda row: row["batch"])
    assert {batch: median(of, "entries_s") for batch, of in found.items()} == {1: 20, 100: 500}
    assert median(found[1], "ack_p50_ms") is None


def test_figures_and_ratios() -> None:
    assert [number(v) for v in (None, 3, 0.123456, 12.3456, 1234567.8)] == [
        "-", "3", "0.123", "12.3", "1,234,568",
    ]  # fmt: skip
    assert [times(a, b) for a, b in ((10, 4), (1, 400), (None, 4), (4, 0))] == [
        "2.50 x", "0.0025 x", "-", "-",
    ]  # fmt: skip
    assert beside(400, 100) == "400 (0.25 x)"
    assert beside(None, 100) == "-"
    assert grown(200, 230) == "+15%"
    assert is_flat([100, 109, 91])
    assert not is_flat([100, 111])
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_raw_limits_are_read_as_the_reference_prints_them() -> None:
    text = (
        "orjson.loads, batches of 1                                268,530\n"
        "  the same again, every row a duplicate                   194,486\n"
        "load1                                                        0.25\n"
    )
    assert limits(text) == {
        "orjson.loads, batches of 1": 268_530,
        "the same again, every row a duplicate": 194_486,
    }


def test_the_page_has_what_was_measured_and_nothing_else(tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    assert "Nothing has been measured." in page.text(results)
    for rate in (90, 110, 100):
        results.add("job", {**ABOUT, "batch": 1_000, "entries_s": rate}, series="s")
    results.add("job", {**ABOUT, "batch": 1, "entries_s": 1, "profiled": True}, series="s")
    results.add(
        "peers",
        {"batch": 1_000, "entries_s": 200, "entries_per_cpu_s": 450, "peak_rss_mb": 80},
        peer="celery", series="s",
    )  # fmt: skip
    results.add("raw", {"entries_s": {"COPY, 1000 rows a commit": 1_000.0}})
    text = page.text(results)
    assert "| isthmus | - | - | 100 | - | 900 | 200 |" in text
    assert "| celery | - | - | 200 (0.50 x) | - | 450 | 80 |" in text
    assert "| 1,000 | COPY, 1000 rows a commit | 1,000 | 0.10 x | 9.00 x |" in text
    assert "| 1,000 | 1,000 | 3,000 | 500 | - | 4,500 |" in text, "ms of processor time"
    assert "| 1,000 | 6 | 5 | 1.20 x | 2,000 |" in text
    assert "## Faults" not in text


def test_scale_says_whether_it_is_flat(tmp_path: Path) -> None:
    results = Results(tmp_path)
    for size, rate, memory in ((10_000, 1_000, 200), (100_000, 950, 230)):
        figures = {"entries_s": rate, "peak_rss_mb": memory, "bytes_per_entry": 10}
        results.add("scale", figures, size=size, series="s")
    text = page.text(results)
    assert "| 100,000 | 950 | -5% | 230 | +15% | 10 |" in text
    assert "Throughput is flat within 10 %; memory is not flat within 10 %." in text


def test_faults_stand_side_by_side(tmp_path: Path) -> None:
    results = Results(tmp_path)
    ours = {"accepted_billable": 900, "owed_at_kill": 50, "lost": 0, "duplicated": 0,
            "extra_lines": 0, "exceptions_ok": True}  # fmt: skip
    peers = {"accepted_billable": 900, "lost": 12, "duplicated": 3, "extra_lines": 5,
             "exceptions_missing": 7}  # fmt: skip
    results.add("faults", ours, peer="isthmus", test="kill", series="s")
    results.add("faults", peers, peer="celery", test="kill", series="s")
    text = page.text(results)
    assert "| kill | isthmus | 900 | 50 | 0 | 0 | 0 | yes |" in text
    assert "| kill | celery | 900 | - | 12 | 3 | 5 | 7 missing |" in text


def test_writing_keeps_what_a_person_wrote(tmp_path: Path) -> None:
    file = tmp_path / "bench.md"
    file.write_text(f"# Title\n\nTried: this.\n\n{page.MARK}\n\nold figures\n", "utf-8")
    results = Results(tmp_path / "results")
    results.add("outage", {"entries": 18_000, "down_s": 120.0, "first_line_s": 2.5,
                           "drained_s": 60.0, "lost": 0, "duplicates": 0})  # fmt: skip
    page.write(file, results)
    text = file.read_text("utf-8")
    assert text.startswith(f"# Title\n\nTried: this.\n\n{page.MARK}\n\n")
    assert "old figures" not in text
    assert "| 18,000 | 120 | 2.5 | 60 | 0 / 0 |" in text
