"""The example file against the configuration models of the connectors that we ship."""

import tomllib
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from isthmus.canonical.base import Role
from isthmus.connect import Connector
from isthmus.landscape import check
from isthmus.landscape.schema import landscape_schema

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "isthmus.yaml"
GROUP = "isthmus.connectors"


@pytest.fixture(scope="module")
def connectors() -> dict[str, Connector]:
    """As pyproject.toml declares them, whatever was installed when."""
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text("utf-8"))["project"]
    declared = project["entry-points"][GROUP]
    return {name: EntryPoint(name, value, GROUP).load() for name, value in declared.items()}


@pytest.fixture(scope="module")
def env() -> dict[str, str]:
    pem = RSAKey.generate_key(2048).as_pem(private=True).decode()
    return {
        "SF_CLIENT_ID": "not-a-real-client",
        "SF_PRIVATE_KEY": pem,
        "NS_CLIENT_ID": "not-a-real-client",
        "NS_CERTIFICATE_ID": "not-a-real-certificate",
        "NS_PRIVATE_KEY": pem,
        "TRYTON_PASSWORD": "not-a-real-password",
        "BILLING_MAIL_URL": "mailto://not-a-real-user:not-a-real-password@mail.example.com",
        "SERVICENOW_AUTH": "not-a-real-login",
        "SERVICENOW_SECRET": "not-a-real-secret",
    }


def test_it_has_no_mistake(connectors: dict[str, Connector], env: dict[str, str]) -> None:
    configs = {name: connector.config for name, connector in connectors.items()}
    plays = {name: connector.roles for name, connector in connectors.items()}
    reading = check(EXAMPLE, configs, env, plays)
    assert [mistake.render("isthmus.yaml") for mistake in reading.mistakes] == []
    landscape = reading.landscape
    assert landscape is not None
    assert {c.vendor for c in landscape.connections.values()} == set(connectors)
    assert landscape.connection_for(Role.ERP, "EA-NL", on=date(2027, 1, 1)) == "tryton"
    shown = str(landscape.show())
    assert "PRIVATE KEY--" not in shown
    assert "not-a-real" not in shown


def test_without_its_environment_every_variable_is_named(
    connectors: dict[str, Connector], env: dict[str, str]
) -> None:
    configs = {name: connector.config for name, connector in connectors.items()}
    reading = check(EXAMPLE, configs, {})
    assert [mistake.what for mistake in reading.mistakes] == [
        f"the environment variable {name} is not set" for name in env
    ]


def test_the_schema_knows_every_vendor(connectors: dict[str, Connector]) -> None:
    configs = {name: connector.config for name, connector in connectors.items()}
    schema = landscape_schema(configs)
    vendor = schema["properties"]["connections"]["additionalProperties"]["properties"]["vendor"]
    assert vendor["enum"] == ["certinia", "netsuite", "salesforce", "tryton"]
