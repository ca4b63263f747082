"""The measurement of reconciliations in small: every planted difference is found, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS, DIFFERENCES = 20_000, 100


@pytest.mark.anyio
async def test_what_is_planted_is_found(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    from reconcile_sides import write
    from reconcile_ways import duckdb, isthmus

    plants = write(tmp_path, ROWS, DIFFERENCES)
    assert (len(plants.missing), len(plants.extra), len(plants.different)) == (34, 33, 33)
    assert (await isthmus(tmp_path, database_url)).found == plants.as_found
    assert duckdb(tmp_path).found == plants.as_found
