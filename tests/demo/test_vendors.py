"""The simulators' process: its rows outlive it, and only one works on its files."""

from pathlib import Path

import pytest

from isthmus.demo.errors import DemoError
from isthmus.demo.vendors import vendors
from isthmus.demo.vendors_process import FilesInUse, sole_user

pytestmark = pytest.mark.anyio


async def test_rows_are_there_after_a_new_start(tmp_path: Path) -> None:
    folder, log = tmp_path / "vendors", tmp_path / "log"
    record = {"attributes": {"type": "Account"}, "Name": "Quillstone Glas"}
    async with vendors(folder, log) as systems:
        assert sorted(systems) == ["netsuite", "salesforce"]
        await systems["salesforce"].post("seed", {"records": [record]})
    async with vendors(folder, log) as systems:
        assert [r["Name"] for r in await systems["salesforce"].rows("Account")] == [
            "Quillstone Glas"
        ]


async def test_a_refusal_names_system_and_reason(tmp_path: Path) -> None:
    async with vendors(tmp_path / "vendors", tmp_path / "log") as systems:
        with pytest.raises(DemoError) as refused:
            await systems["salesforce"].post("seed", {"records": [{"Name": "no type"}]})
    assert str(refused.value).splitlines()[0] == "the salesforce simulator refuses seed"
    assert "attributes" in str(refused.value).splitlines()[1]


def test_two_processes_do_not_share_the_files(tmp_path: Path) -> None:
    with (
        sole_user(tmp_path),
        pytest.raises(FilesInUse),
        sole_user(tmp_path, patience=0.1),
    ):
        pass
    with sole_user(tmp_path):
        pass
