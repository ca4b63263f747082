"""The order in which a file says things is nobody's business."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.scenario.files import ALL, played

from isthmus.scenario import ScenarioFile, World, play, read

LISTS = (
    "time", "expenses", "rate_cards", "amendments", "credits", "progress", "estimates", "periods",
    "runs",
)  # fmt: skip
NAMES = ("companies", "customers", "people", "contracts", "projects", "milestones")


def shuffled(draw: st.DataObject, written: dict[str, Any]) -> dict[str, Any]:
    changed = dict(written)
    for section in LISTS:
        if section in written:
            changed[section] = draw.draw(st.permutations(written[section]))
    for section in NAMES:
        if section in written:
            changed[section] = dict(draw.draw(st.permutations(list(written[section].items()))))
    return changed


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_order_in_the_file_changes_nothing(file: Path, data: st.DataObject) -> None:
    written = read(file).document.data
    other = ScenarioFile.model_validate(
        shuffled(data, written), context={"currency": written["currency"]}
    )

    assert play(World(other)) == played(file)
