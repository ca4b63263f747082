"""Issue 8: in a soak with faults memory, open files, connections and purged tables level off."""

from __future__ import annotations

import os

import pytest
from chaos.soak import soak, table
from chaos.soak_rule import trend

MINUTES = float(os.environ.get("MINUTES", "15"))


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.timeout(MINUTES * 60 + 600)
async def test_nothing_grows_without_end(server_url: str) -> None:
    run = await soak(MINUTES, server_url)
    print("\n" + table(run))
    assert run.changes > MINUTES * 30, "there was work all the time"
    assert [t for t in run.trends() if not t.levels_off] == [], table(run)


def test_what_rises_all_the_time_is_found() -> None:
    found = trend("leak", "MB", [(float(s), 100 + 0.1 * s) for s in range(600)])
    assert (round(found.mean), round(found.rise), found.levels_off) == (145, 30, False)
    assert not trend("rows", "KB", [(float(s), 10.0 * s) for s in range(600)]).levels_off


def test_what_rises_at_first_and_in_waves_levels_off() -> None:
    samples = [(float(s), min(s, 200) + 15.0 * (s % 20)) for s in range(600)]
    assert trend("table", "KB", samples).levels_off
    flat = trend("files", "files", [(float(s), 40 + s % 3) for s in range(600)])
    assert flat.levels_off
    assert abs(flat.rise) < 0.1
