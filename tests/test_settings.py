"""Settings come from the environment, and a wrong one is named with its reason."""

from datetime import timedelta
from pathlib import Path

import pytest

from isthmus.settings import Settings, SettingsError, load_settings, variable_of


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)


def test_defaults_need_no_environment() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert (settings.host, settings.port) == ("127.0.0.1", 8900)
    assert settings.landscape == Path("isthmus.yaml")
    assert settings.home.name == "isthmus"
    assert settings.poll_every == timedelta(seconds=60)


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ISTHMUS_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:not-real@db.invalid/isthmus")
    monkeypatch.setenv("ISTHMUS_POLL_EVERY", "2m30s")
    monkeypatch.setenv("ISTHMUS_LOG_LEVEL", "DEBUG")
    settings = load_settings()
    assert settings.home == tmp_path
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value().endswith("@db.invalid/isthmus")
    assert settings.poll_every == timedelta(seconds=150)
    assert settings.log_level == "debug"
    assert "not-real" not in repr(settings)


def test_a_driver_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://db.invalid/isthmus")
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql+psycopg://db.invalid/isthmus"


def test_the_database_has_one_variable_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_DATABASE_URL", "postgresql://db.invalid/isthmus")
    assert load_settings().database_url is None


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert load_settings().database_url is None


def test_every_wrong_variable_is_told_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://app:not-real@db.invalid/isthmus")
    monkeypatch.setenv("ISTHMUS_POLL_EVERY", "60")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).splitlines() == [
        "DATABASE_URL cannot be used",
        "  why: only PostgreSQL is supported: postgresql://user:password@host/name",
        "  do:  Set DATABASE_URL to another value, or unset it to use the default.",
        "ISTHMUS_POLL_EVERY cannot be used",
        "  why: '60' is not a duration such as 60s, 5m, 1h30m or 7d",
        "  do:  Set ISTHMUS_POLL_EVERY to another value, or unset it to use the default.",
    ]
