"""The reference pages are those that the code would write today."""

from pathlib import Path

import pytest

from isthmus.landscape.reference import landscape_reference, settings_reference

PAGES = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(
    ("page", "written"),
    [("landscape.md", landscape_reference), ("settings.md", settings_reference)],
)
def test_the_page_is_fresh(page: str, written: object) -> None:
    assert callable(written)
    assert PAGES.joinpath(page).read_text("utf-8") == written(), "run `isthmus docs build`"
