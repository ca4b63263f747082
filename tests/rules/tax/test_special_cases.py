"""Reverse charge, exemption certificates, tax that the client withholds."""

from decimal import Decimal

import pytest
from tests.rules.facts import day, eur

from isthmus.rules.journal import Account
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.category import check_categories
from isthmus.rules.tax.document import TaxableDocument, TaxableLine
from isthmus.rules.tax.exemption import Certificate, exempted
from isthmus.rules.tax.levy import Tax
from isthmus.rules.tax.reverse_charge import ReverseCharge, reverse_charge, self_assessed
from isthmus.rules.tax.withholding import expected_settlement

VAT = Tax("VAT", Decimal(19))


def test_a_service_to_another_member_state_is_the_buyers_to_tax() -> None:
    found = reverse_charge("DE", "FR", "FR40303265045")
    assert isinstance(found, ReverseCharge)
    invoice = taxed(TaxableDocument("EUR", (TaxableLine(eur("10000.00"), taxes=(found.tax,)),)))

    assert (invoice.tax, invoice.total) == (eur(0), eur(10_000))
    assert (found.legend, found.buyer_number) == ("Reverse charge", "FR40303265045")
    problems = check_categories(
        invoice.document.taxes, seller_number="DE136695976", buyer_number=found.buyer_number
    )
    assert list(problems) == []


@pytest.mark.parametrize(
    ("seller", "buyer", "number", "code", "named"),
    [
        ("DE", "DE", "DE136695976", "reverse_charge_not_applicable", "domestic"),
        ("DE", "CH", "CHE107787577", "reverse_charge_not_applicable", "export"),
        ("FR", "MC", "FR40303265045", "reverse_charge_not_applicable", "domestic"),
        ("DE", "FR", None, "buyer_number_missing", "buyer's VAT number"),
        ("DE", "FR", "", "buyer_number_missing", "buyer's VAT number"),
    ],
)
def test_where_there_is_no_reverse_charge(
    seller: str, buyer: str, number: str | None, code: str, named: str
) -> None:
    found = reverse_charge(seller, buyer, number)

    assert isinstance(found, Problem)
    assert found.code == code
    assert named in found.reason


def test_a_buyer_who_may_deduct_part_bears_the_rest() -> None:
    whole, part = (
        self_assessed(eur(10_000), Decimal(20)),
        self_assessed(eur(10_000), Decimal(20), Decimal("0.35")),
    )

    assert (whole.output, whole.input, whole.cost) == (eur(2_000), eur(2_000), eur(0))
    assert (part.output, part.input, part.cost) == (eur(2_000), eur(700), eur(1_300))
    with pytest.raises(Unusable, match="Between none and all"):
        self_assessed(eur(1), Decimal(20), Decimal("1.1"))


CERTIFICATE = Certificate("TX-77", day("2026-01-01"), day("2026-03-31"))


@pytest.mark.parametrize(
    ("on", "percent", "warning"),
    [
        ("2025-12-31", 19, "exemption_not_yet_valid"),
        ("2026-01-01", 0, None),
        ("2026-03-31", 0, None),
        ("2026-04-01", 19, "exemption_expired"),
    ],
)
def test_a_certificate_exempts_from_its_first_to_its_last_day(
    on: str, percent: int, warning: str | None
) -> None:
    found = exempted(VAT, [CERTIFICATE], day(on))

    assert found.tax.percent == percent
    assert (found.warning.code if found.warning else None) == warning


def test_an_exempt_client_is_told_by_which_certificate() -> None:
    found = exempted(VAT, [CERTIFICATE], day("2026-02-01"))

    assert (found.tax.category, found.tax.reason) == ("E", "Exemption certificate TX-77")
    assert found.certificate == CERTIFICATE


def test_a_renewed_certificate_warns_of_nothing_and_the_last_one_is_named() -> None:
    renewed = Certificate("TX-78", day("2026-04-01"), day("2026-12-31"))
    both = [CERTIFICATE, renewed]

    assert exempted(VAT, both, day("2026-04-01")).certificate == renewed
    warning = exempted(VAT, both, day("2027-01-01")).warning
    assert warning is not None
    assert warning.reason == (
        "exemption certificate TX-78 ended on 2026-12-31, so the invoice of 2027-01-01 is taxed"
    )


def test_a_certificate_for_another_tax_is_none() -> None:
    found = exempted(VAT, [Certificate("1", taxes=frozenset({"City"}))], day("2026-02-01"))

    assert (found.tax, found.certificate, found.warning) == (VAT, None, None)


def test_an_exempt_client_does_not_pay_a_price_with_tax_in_it() -> None:
    contained = Tax("VAT", Decimal(19), inclusive=True)
    with pytest.raises(Unusable, match="an exempt client does not owe whole"):
        exempted(contained, [CERTIFICATE], day("2026-02-01"))


def test_what_is_withheld_closes_the_receivable_beside_the_cash() -> None:
    """1,000 + 15 % VAT, 10 % of the net withheld, 200 prepaid."""
    taxes = Tax("VAT", Decimal(15)), Tax("Withholding", Decimal(10), withheld=True)
    line = TaxableLine(eur("1000.00"), taxes=taxes)
    invoice = taxed(TaxableDocument("EUR", (line,), prepaid=eur(200)))
    expected = expected_settlement(invoice)

    assert (invoice.total, invoice.due) == (eur(1_150), eur(950))
    assert (expected.cash, expected.certificate) == (eur(850), eur(100))
    posted = expected.entry(day("2026-02-28"))
    assert [(line.account, line.amount) for line in posted.lines] == [
        (Account.CASH, eur(850)),
        (Account.WITHHOLDING_TAX, eur(100)),
        (Account.RECEIVABLE, eur(-950)),
    ]
