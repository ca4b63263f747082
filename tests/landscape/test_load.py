"""A good file, and what can be asked of it."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.landscape.vendors import CONNECTORS, ENV, ErpConfig

from isthmus.canonical.base import Role
from isthmus.landscape import (
    Landscape,
    LandscapeError,
    RoleAmbiguous,
    RoleUnbound,
    check,
    load,
)
from isthmus.rules.ownership import OnForeignWrite

GOOD = Path(__file__).parent / "good.yaml"
TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return load(GOOD, CONNECTORS, ENV)


def test_a_good_file_has_no_mistake() -> None:
    reading = check(GOOD, CONNECTORS, ENV)
    assert reading.mistakes == ()
    assert reading.landscape is not None
    assert list(reading.landscape.connections) == ["crm", "psa", "erp", "erp-eu"]


def test_secrets_reach_the_connector_and_nobody_else(landscape: Landscape) -> None:
    config = landscape.connections["erp"].config
    assert isinstance(config, ErpConfig)
    assert config.token.get_secret_value() == "not-a-real-token"
    assert "not-a-real" not in repr(landscape)
    assert "client-0001" not in repr(landscape)
    assert "not-a-real" not in str(landscape.show())
    assert landscape.show()["connections"]["erp"] == {
        "vendor": "acme_erp",
        "changes": {},
        "account": "1234567_SB1",
        "token": "env:ERP_TOKEN",
    }


def test_a_secret_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("not-a-real-file-token\n")
    secret.chmod(0o600)
    file = _edited(tmp_path, "token: env:ERP_TOKEN\n  erp-eu", f"token: file:{secret}\n  erp-eu")
    reading = check(file, CONNECTORS, ENV)
    assert reading.mistakes == ()
    assert reading.landscape is not None
    config = reading.landscape.connections["erp"].config
    assert isinstance(config, ErpConfig)
    assert config.token.get_secret_value() == "not-a-real-file-token"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_a_secret_file_for_everyone_is_a_warning(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("not-a-real-file-token")
    secret.chmod(0o644)
    file = _edited(tmp_path, "token: env:ERP_TOKEN\n  erp-eu", f"token: file:{secret}\n  erp-eu")
    (warning,) = load(file, CONNECTORS, ENV).warnings
    assert (warning.line, warning.column, warning.severity) == (19, 12, "warning")
    assert warning.what == f"every user of this machine can read {secret}"
    assert warning.remedy == f"chmod 600 {secret}"


def test_a_secret_in_the_file_is_masked_and_warned_of(tmp_path: Path) -> None:
    file = _edited(tmp_path, "token: env:ERP_TOKEN\n  erp-eu", "token: hunter-two\n  erp-eu")
    landscape = load(file, CONNECTORS, ENV)
    (warning,) = landscape.warnings
    assert (warning.line, warning.column) == (19, 12)
    assert warning.what == "the secret `token` is written in the file"
    assert landscape.show()["connections"]["erp"]["token"] == "**********"
    assert "hunter-two" not in repr(landscape)


@pytest.mark.parametrize(
    ("entity", "on", "expected"),
    [
        ("EA-US", date(2027, 6, 1), "erp"),
        ("EA-NL", date(2026, 12, 31), "erp"),
        ("EA-NL", date(2027, 1, 1), "erp-eu"),
        (None, date(2026, 12, 31), "erp"),
    ],
)
def test_who_plays_erp_depends_on_company_and_day(
    landscape: Landscape, entity: str | None, on: date, expected: str
) -> None:
    assert landscape.connection_for(Role.ERP, entity, on=on) == expected


def test_two_systems_without_a_company_are_an_error(landscape: Landscape) -> None:
    with pytest.raises(RoleAmbiguous) as raised:
        landscape.connection_for(Role.ERP, on=date(2027, 1, 1))
    assert str(raised.value) == (
        "2 connections play erp without a legal entity on 2027-01-01: erp, erp-eu. "
        "Say for which legal entity."
    )
    assert landscape.connections_for(Role.ERP, on=date(2027, 1, 1)) == ("erp", "erp-eu")
    assert landscape.connections_for(Role.ERP, on=TODAY) == ("erp",)


def test_a_role_that_nobody_plays_is_an_error(landscape: Landscape) -> None:
    with pytest.raises(RoleUnbound) as raised:
        landscape.connection_for(Role.HCM, "EA-US", on=TODAY)
    assert str(raised.value) == (
        "no connection plays hcm for EA-US on 2026-11-20. Add one under roles.hcm in the landscape."
    )


@pytest.mark.parametrize(
    ("connection", "kind", "seconds"),
    [("crm", "customer", 120), ("crm", "project", 90), ("psa", "time_entry", 300)],
)
def test_the_nearest_poll_interval_counts(
    landscape: Landscape, connection: str, kind: str, seconds: int
) -> None:
    interval = landscape.poll_interval(connection, kind, timedelta(seconds=60))
    assert interval == timedelta(seconds=seconds)


def test_what_comes_by_webhook_is_not_polled(landscape: Landscape) -> None:
    assert landscape.poll_interval("crm", "opportunity", timedelta(seconds=60)) is None


def test_overlays_are_what_was_written_and_no_more(landscape: Landscape) -> None:
    assert landscape.overlays("crm") == {
        "opportunity": {
            "billing_model": {
                "field": "Billing_Model__c",
                "values": {"T&M": "t_and_m", "Fixed": "fixed_fee"},
            },
            "legal_entity": {"field": "Contracting_Entity__c"},
        }
    }
    assert landscape.overlays("psa") == {}


def test_ownership_is_the_table_with_the_overrides(landscape: Landscape) -> None:
    table = landscape.ownership_table()
    assert table.rule("customer", "payment_terms").on_foreign_write is OnForeignWrite.CORRECT
    assert table.rule("customer", "currency").on_foreign_write is OnForeignWrite.DRIFT


def test_load_raises_every_mistake_at_once(tmp_path: Path) -> None:
    text = GOOD.read_text().replace("url:", "urll:").replace("closed_period", "closed_perod")
    file = tmp_path / "isthmus.yaml"
    file.write_text(text)
    with pytest.raises(LandscapeError) as raised:
        load(file, CONNECTORS, ENV)
    assert [(m.line, m.what) for m in raised.value.mistakes] == [
        (10, "unknown key `urll`"),
        (38, "unknown key `closed_perod`"),
    ]
    assert str(raised.value).splitlines()[:3] == [
        f"{file}:10:5: unknown key `urll`",
        "  why: known here: api_version, auth, changes, platform, quota, region, url, vendor",
        "  do:  Did you mean `url`?",
    ]


def _edited(folder: Path, old: str, new: str) -> Path:
    text = GOOD.read_text()
    assert text.count(old) == 1
    file = folder / "isthmus.yaml"
    file.write_text(text.replace(old, new))
    return file
