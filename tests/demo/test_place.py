"""The demonstration's folder: one player, its own files only."""

from pathlib import Path

import pytest

from isthmus.demo.errors import DemoError
from isthmus.demo.place import Journal, occupied


def test_a_journal_survives(tmp_path: Path) -> None:
    with occupied(tmp_path / "demo", fresh=False) as place:
        Journal(place).note("seeded")
    with occupied(tmp_path / "demo", fresh=False) as place:
        assert "seeded" in Journal(place)
        assert "july" not in Journal(place)


def test_fresh_starts_over(tmp_path: Path) -> None:
    with occupied(tmp_path / "demo", fresh=False) as place:
        Journal(place).note("seeded")
        place.public_key("netsuite")
        assert oct(place.key_file("netsuite").stat().st_mode)[-3:] == "600"
    with occupied(tmp_path / "demo", fresh=True) as place:
        assert "seeded" not in Journal(place)
        assert not place.key_file("netsuite").exists()


def test_a_key_is_made_once(tmp_path: Path) -> None:
    with occupied(tmp_path, fresh=False) as place:
        assert place.public_key("netsuite") == place.public_key("netsuite")


def test_two_players_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        occupied(tmp_path, fresh=False),
        pytest.raises(DemoError, match=r"another one is at work in") as refused,
        occupied(tmp_path, fresh=False),
    ):
        pass
    assert str(refused.value).splitlines()[2] == (
        "  do:  Wait for it to end, or name another folder with --home."
    )


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DemoError, match=r"other files in it already, such as thesis\.txt"):
        occupied(tmp_path, fresh=fresh).__enter__()
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_an_emptying_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    with occupied(tmp_path, fresh=False) as place:
        Journal(place).note("seeded")
        Journal(place).note("clearing")
        (place.home / "vendors").mkdir()
    with occupied(tmp_path, fresh=False) as place:
        assert "seeded" not in Journal(place)
        assert not (place.home / "vendors").exists()
