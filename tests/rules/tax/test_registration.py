import pytest

from isthmus.rules.problems import Problem
from isthmus.rules.tax import (
    TaxTreatment,
    check_tax_registration,
    is_country,
    jurisdiction,
    needs_registration,
    read_tax_registration,
)


@pytest.mark.parametrize(
    ("country", "written", "normal"),
    [
        ("DE", "DE 136 695 976", "DE136695976"),
        ("DE", "136695976", "DE136695976"),
        ("FR", "FR 40 303 265 045", "FR40303265045"),
        ("NL", "NL4495445B01", "NL004495445B01"),
        ("GR", "094259216", "EL094259216"),
        ("GR", "GR094259216", "EL094259216"),
        ("GR", "EL094259216", "EL094259216"),
        ("AT", "ATU13585627", "ATU13585627"),
        ("MC", "FR40303265045", "FR40303265045"),
        ("GB", "980 7806 84", "GB980780684"),
        ("GB", "GB980780684", "GB980780684"),
        ("IM", "GB980780684", "GB980780684"),
        ("US", "91-1144442", "911144442"),
        ("CH", "CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("CH", "CHE-100.155.212", "CHE100155212"),
        ("NO", "NO 995 525 828 MVA", "995525828MVA"),
        ("NO", "995 525 828", "995525828"),
        ("JP", "5-8356-7825-6246", "5835678256246"),
        ("JP", "T5835678256246", "5835678256246"),
        ("AU", "83 914 571 673", "83914571673"),
        ("CA", "12302 6635 RC 0001", "123026635RC0001"),
        ("ZA", "0001339050", "0001339050"),
    ],
)
def test_a_good_number_is_written_as_its_register_does(
    country: str, written: str, normal: str
) -> None:
    assert check_tax_registration(country, written) == normal
    assert check_tax_registration(country, normal) == normal


@pytest.mark.parametrize(
    ("country", "written"),
    [
        ("DE", "DE136695977"),
        ("DE", "ATU13585627"),
        ("FR", "FR84323140391"),
        ("GB", "GB980780685"),
        ("US", "07-1144442"),
        ("US", "12-34"),
        ("CH", "CHE-107.787.578 IVA"),
        ("NO", "995525829"),
        ("JP", "5835678256247"),
        ("AU", "99 999 999 999"),
        ("DE", "   "),
    ],
)
def test_a_bad_number_is_a_problem_for_finance(country: str, written: str) -> None:
    problem = check_tax_registration(country, written)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.owner) == ("tax_registration_invalid", "finance")
    assert problem.reason.startswith(f"{written!r} is not a tax registration of {country}: ")
    assert problem.field == "tax_registration"


def test_a_country_without_a_known_check_says_so() -> None:
    found = read_tax_registration("AE", " 100123456700003 ")
    assert not isinstance(found, Problem)
    assert (found.number, found.scheme) == ("100123456700003", None)
    assert found.reason == "no check is known for AE; accepted as written"
    german = read_tax_registration("DE", "136695976")
    assert not isinstance(german, Problem)
    assert german.scheme == "eu.vat"


@pytest.mark.parametrize(
    ("seller", "buyer", "registered", "treatment"),
    [
        ("DE", "DE", True, TaxTreatment.DOMESTIC),
        ("DE", "DE", False, TaxTreatment.DOMESTIC),
        ("DE", "FR", True, TaxTreatment.EU_REVERSE_CHARGE),
        ("DE", "FR", False, TaxTreatment.EU_CONSUMER),
        ("FR", "MC", True, TaxTreatment.DOMESTIC),
        ("DE", "GB", True, TaxTreatment.EXPORT),
        ("DE", "US", False, TaxTreatment.EXPORT),
        ("GB", "DE", True, TaxTreatment.EXPORT),
        ("GB", "IM", True, TaxTreatment.DOMESTIC),
        ("CH", "LI", True, TaxTreatment.DOMESTIC),
        ("CH", "DE", True, TaxTreatment.EXPORT),
        ("US", "US", False, TaxTreatment.US_SALES_TAX),
        ("US", "CA", False, TaxTreatment.EXPORT),
    ],
)
def test_two_countries_decide_the_regime(
    seller: str, buyer: str, registered: bool, treatment: TaxTreatment
) -> None:
    assert jurisdiction(seller, buyer, registered) is treatment


def test_only_reverse_charge_must_quote_a_number() -> None:
    assert [t for t in TaxTreatment if needs_registration(t)] == [TaxTreatment.EU_REVERSE_CHARGE]


@pytest.mark.parametrize("code", ["DE", "US", "CH", "XK", "GB"])
def test_countries(code: str) -> None:
    assert is_country(code)


@pytest.mark.parametrize("code", [None, "", "UK", "EU", "ZZ", "de", "DEU", "Germany"])
def test_no_countries(code: str | None) -> None:
    assert not is_country(code)
