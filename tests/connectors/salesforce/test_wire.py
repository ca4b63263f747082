import pytest

from isthmus.connectors.salesforce.wire import country_code, country_name


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("Germany", "DE"),
        (" united states ", "US"),
        ("USA", "US"),
        ("UK", "GB"),
        ("Czech Republic", "CZ"),
        ("Atlantis", None),
        ("EU", None),
        ("001", None),
    ],
)
def test_a_country_is_a_code_or_an_english_name(written: str, code: str | None) -> None:
    assert country_code(written) == code


def test_every_name_leads_back_to_its_code() -> None:
    codes = ["DE", "GB", "US", "NL", "CZ", "TR", "HK"]
    assert [country_code(country_name(code)) for code in codes] == codes
