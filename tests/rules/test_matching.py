from typing import Any

import pytest
from tests.rules.facts import customer

from isthmus.canonical import Customer
from isthmus.rules.matching import (
    Ask,
    CustomerCandidate,
    Linked,
    New,
    match,
    plain_name,
    web_domain,
)


def ours(**changes: Any) -> Customer:
    return customer(**({"tax_registration": None} | changes))


def theirs(number: str = "7", name: str = "Meyer Werke GmbH", **facts: Any) -> CustomerCandidate:
    return CustomerCandidate(number, name, **({"country": "DE"} | facts))


def asked(result: Linked | Ask | New) -> list[tuple[str, str]]:
    assert isinstance(result, Ask), result
    return [(c.external_id, why) for c, _, why in result.candidates]


def test_the_same_tax_registration_links_under_any_name() -> None:
    other = theirs(name="Grillo Holding", tax_registration="136 695 976")
    assert match(customer(), [other]) == Linked("7", 1.0, "same tax registration DE136695976")


@pytest.mark.parametrize(
    ("country", "left", "right"),
    [
        ("CH", "CHE-107.787.577", "CHE107787577 MWST"),
        ("NO", "995525828", "NO995525828MVA"),
        ("CA", "123026635", "12302 6635 RC 0001"),
    ],
)
def test_the_tax_that_a_number_is_for_does_not_make_another_customer(
    country: str, left: str, right: str
) -> None:
    candidate = theirs(name="Elsewhere", country=country, tax_registration=right)
    result = match(ours(country=country, tax_registration=left), [candidate])
    assert isinstance(result, Linked)


def test_differing_tax_registrations_never_link_nor_ask() -> None:
    twin = theirs(tax_registration="DE811569869", website="meyer.example", city="Essen")
    assert match(customer(website="meyer.example"), [twin]) == New()


def test_one_registration_on_two_records_is_for_a_person() -> None:
    twins = [theirs(n, tax_registration="DE136695976") for n in ("8", "7")]
    assert asked(match(customer(), twins)) == [
        ("7", "same tax registration DE136695976"),
        ("8", "same tax registration DE136695976"),
    ]


def test_a_registration_beats_a_mere_namesake() -> None:
    namesake = theirs("9", tax_registration=None)
    proven = theirs("7", tax_registration="DE136695976")
    assert match(customer(), [namesake, proven]) == Linked(
        "7", 1.0, "same tax registration DE136695976"
    )


def test_the_same_web_domain_links() -> None:
    candidate = theirs(name="Meyer Werke", website="www.meyer-werke.example/en", country=None)
    result = match(ours(website="https://meyer-werke.example"), [candidate])
    assert result == Linked("7", 1.0, "same web domain meyer-werke.example")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"country": "FR"}, "same web domain group.example, other country"),
        ({"name": "Zenith Logistics"}, "same web domain group.example, other name"),
    ],
)
def test_a_domain_that_a_group_shares_asks(facts: dict[str, str], why: str) -> None:
    candidate = theirs(website="group.example", **facts)
    assert asked(match(ours(website="group.example"), [candidate])) == [("7", why)]


def test_a_mail_providers_domain_says_nothing() -> None:
    candidate = theirs(name="Bakery Schulz", website="gmail.com")
    assert match(ours(website="gmail.com"), [candidate]) == New()


def test_an_equal_name_in_the_same_country_links() -> None:
    others = [theirs("8", "Other AG"), theirs("9", "Zenith Logistics")]
    for spelling in ("MEYER WERKE G.m.b.H.", "Meyer-Werke AG"):
        result = match(ours(), [*others, theirs(name=spelling)])
        assert result == Linked("7", 1.0, "same name, same country")


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (theirs(country=None), "same name, country not known"),
        (theirs(country="AT"), "same name, other country"),
        (theirs(name="Meyer Werk GmbH"), "name 98% alike, same country"),
        (theirs(city="Bonn"), "same name, same country, other city"),
    ],
)
def test_what_is_likely_but_not_proven_asks(candidate: CustomerCandidate, why: str) -> None:
    asking = ours(billing_address={"city": "Essen"})
    assert asked(match(asking, [candidate])) == [("7", why)]


def test_two_namesakes_ask_and_the_city_can_tell_them_apart() -> None:
    namesakes = [theirs("1", city="Essen"), theirs("2", city="Bonn")]
    assert len(asked(match(ours(), namesakes))) == 2
    told = match(ours(billing_address={"city": "ESSEN"}), namesakes)
    assert told == Linked("1", 1.0, "same name, same country")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Capital One", "Talon Capital"),
        ("Aon plc", "AAON"),
        ("GE HealthCare", "HCA Healthcare"),
        ("Honeywell Technologies", "Dell Technologies"),
        ("Northwind Traders 1", "Northwind Traders 2"),
        ("Expeditors International", "Edison International"),
    ],
)
def test_names_that_fool_scorers_are_never_linked(left: str, right: str) -> None:
    assert not isinstance(match(ours(name=left), [theirs(name=right)]), Linked)


def test_a_stranger_is_new() -> None:
    assert match(ours(), [theirs(name="Zenith Logistics"), theirs(name="Quark AG")]) == New()
    assert match(ours(), []) == New()


def test_thresholds_are_the_callers() -> None:
    near = theirs(name="Meyer Werk GmbH")
    assert isinstance(match(ours(), [near], match_above=0.95), Linked)
    assert match(ours(), [near], ask_between=(0.99, 1.0)) == New()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Meyer Werke GmbH & Co. KG", "meyer werke"),
        ("MEYER WERKE G.m.b.H.", "meyer werke"),
        ("Société Générale S.A.", "societe generale"),
        ("The Coca-Cola Company", "coca cola"),
        ("Fabryka Sp. z o.o.", "fabryka"),
        ("Maersk A/S", "maersk"),
        ("Grupo Norte, S.A. de C.V.", "grupo norte"),
        ("McDonald\u2019s Corp.", "mcdonalds"),
        ("AT&T Inc.", "at and t"),
        ("Limited", "limited"),
        ("Straße AG", "strasse"),
    ],
)
def test_names_lose_their_legal_form_and_accents(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.acme.example/about?x=1", "acme.example"),
        ("shop.acme.co.uk", "acme.co.uk"),
        ("ACME.COM:8080", "acme.com"),
        ("info@acme.com", "acme.com"),
        ("co.uk", None),
        ("com", None),
        ("http://www.linkedin.com/company/acme", None),
        ("", None),
        (None, None),
    ],
)
def test_domains_are_those_that_a_company_registers(
    website: str | None, domain: str | None
) -> None:
    assert web_domain(website) == domain
