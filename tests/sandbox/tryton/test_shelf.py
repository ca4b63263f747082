from pathlib import Path

import pytest

from isthmus.sandbox.tryton import NotInstallable, Shelf


@pytest.mark.slow
@pytest.mark.tryton
def test_an_index_out_of_reach_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    told: list[str] = []
    with pytest.raises(NotInstallable) as caught:
        Shelf(tmp_path, tell=told.append).interpreter()
    assert str(caught.value) == "pip could not install Tryton: the package index does not answer"
    assert told == ["installing Tryton 8.0 from PyPI (114 MB), once"]
    assert list(tmp_path.glob("env-*/ready")) == []
