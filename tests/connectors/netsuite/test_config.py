"""What a landscape may say, and what it is told when it says it wrong."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import ValidationError

from isthmus.connectors.netsuite import CONNECTOR
from isthmus.connectors.netsuite.auth import assertion
from isthmus.connectors.netsuite.config import NetSuiteConfig

from .conftest import PRIVATE_PEM, PUBLIC_PEM, config


def checked(**more: Any) -> NetSuiteConfig:
    return NetSuiteConfig.model_validate(config("http://127.0.0.1:9", **more))


@pytest.mark.parametrize(
    ("account", "host"),
    [
        ("1234567", "https://1234567.suitetalk.api.netsuite.com"),
        ("1234567_SB1", "https://1234567-sb1.suitetalk.api.netsuite.com"),
    ],
)
def test_the_host_comes_from_the_account(account: str, host: str) -> None:
    assert checked(url=None, account=account).base_url == host


def test_a_given_url_wins() -> None:
    assert checked(url="http://127.0.0.1:8080/", account="1").base_url == "http://127.0.0.1:8080"


def test_an_address_is_needed() -> None:
    with pytest.raises(ValidationError, match="neither account nor url is given"):
        checked(url=None)


@pytest.mark.parametrize("private_key", ["nonsense", PRIVATE_PEM])
def test_the_key_must_fit_the_algorithm(private_key: str) -> None:
    auth = {"client_id": "c", "certificate_id": "k", "private_key": private_key}
    with pytest.raises(ValidationError, match="not a PEM key for PS256") as caught:
        checked(auth=auth)
    assert "PRIVATE" not in str(caught.value)


def test_unknown_settings_and_zones_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        checked(acount="1")
    with pytest.raises(ValidationError, match="'Mars' is no time zone"):
        checked(time_zone="Mars")


def test_the_assertion_says_who_asks_whom_and_for_how_long() -> None:
    url = "https://1234567.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
    text = assertion(checked().auth, url)
    token = jwt.decode(text, ECKey.import_key(PUBLIC_PEM), algorithms=["ES256"])
    assert token.header == {"typ": "JWT", "alg": "ES256", "kid": "fake-certificate"}
    assert token.claims["iss"] == "fake-client"
    assert token.claims["aud"] == url
    assert token.claims["scope"] == ["rest_webservices"]
    assert token.claims["exp"] - token.claims["iat"] == 300


def test_the_connector_is_an_erp() -> None:
    assert CONNECTOR.vendor == "netsuite"
    assert [r.value for r in CONNECTOR.roles] == ["erp"]
