"""What holds for every document, in every convention."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money, minor_units
from isthmus.rules.discounts import bundle_prices, document_discount, redeem, spread
from isthmus.rules.rounding import nearest, step_of
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.conventions import TaxBase, TaxConventions, TaxRounding
from isthmus.rules.tax.document import Adjustment, TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax

unhurried = settings(deadline=None)
"""A slow machine is no wrong sum."""

CURRENCIES = st.sampled_from(["EUR", "JPY", "BHD"])
TAXES = (
    Tax("GST", Decimal(5), adds_to_base=True),
    Tax("Fee", per_unit=Decimal("0.35")),
    Tax("VAT 19", Decimal(19)),
    Tax("VAT 7", Decimal("7")),
    Tax("QST", Decimal("9.975")),
    Tax("Local", Decimal("1.5"), affected_by_previous=False),
    Tax("Retained", Decimal(-10)),
    Tax("Withheld", Decimal(10), withheld=True),
)
INCLUSIVE = (
    Tax("VAT in it", Decimal(19), inclusive=True),
    Tax("3 in it", Decimal(3), inclusive=True),
)

conventions = st.builds(
    TaxConventions,
    st.sampled_from(TaxRounding),
    st.sampled_from(TaxBase),
    st.sampled_from(HalfCent),
)
some_taxes = st.lists(st.sampled_from(TAXES), max_size=4, unique=True).map(tuple)


def money(currency: str, least: int = 0, places: int = 0) -> st.SearchStrategy[Money]:
    digits = minor_units(currency) + places
    units = st.integers(least, 10**7)
    return units.map(lambda n: Money.of(Decimal(n).scaleb(-digits), currency))


@st.composite
def documents(
    draw: st.DrawFn, taxes: st.SearchStrategy[tuple[Tax, ...]] = some_taxes, sign: int = -(10**7)
) -> TaxableDocument:
    currency = draw(CURRENCIES)
    quantities = st.integers(1, 9_999).map(lambda n: Decimal(n) / 100)
    line = st.builds(TaxableLine, money(currency, sign, 2), quantities, taxes)
    adjustment = st.builds(Adjustment, money(currency, sign), taxes)
    lines = draw(st.lists(line, min_size=1, max_size=6))
    return TaxableDocument(currency, tuple(lines), tuple(draw(st.lists(adjustment, max_size=2))))


@unhurried
@given(documents(), conventions)
def test_lines_and_breakdown_add_up_to_the_totals(
    document: TaxableDocument, how: TaxConventions
) -> None:
    found = taxed(document, how)
    shares = [n for part in (*found.lines, *found.adjustments) for n in part.taxes]
    charged = [n.amount for n in shares if not n.tax.withheld]
    nets = [part.net for part in (*found.lines, *found.adjustments)]

    assert Money.total(charged, found.currency) == found.tax
    assert Money.total(nets, found.currency) == found.net
    assert Money.total((row.amount for row in found.breakdown), found.currency) == (
        found.tax + found.withheld
    )
    assert found.net + found.tax == found.total


@unhurried
@given(documents(), conventions)
def test_every_figure_is_payable(document: TaxableDocument, how: TaxConventions) -> None:
    found = taxed(document, how)
    figures = [found.net, found.tax, found.total, found.withheld]
    figures += [n.amount for line in found.lines for n in line.taxes]
    figures += [line.net for line in found.lines]

    assert [figure for figure in figures if figure != figure.rounded()] == []


@unhurried
@given(documents(), st.sampled_from(TaxBase), st.sampled_from(HalfCent))
def test_each_rounding_is_what_it_says(
    document: TaxableDocument, base: TaxBase, half: HalfCent
) -> None:
    """By line: the sum of rounded line taxes. By category: each tax once. By document: the sum."""
    step = step_of(document.currency)

    def tax(rounding: TaxRounding) -> Decimal:
        return taxed(document, TaxConventions(rounding, base, half)).tax.amount

    found = taxed(document, TaxConventions(base=base))
    exact: dict[Tax, list[Fraction]] = {}
    for share in (n for part in (*found.lines, *found.adjustments) for n in part.taxes):
        if not share.tax.withheld:
            exact.setdefault(share.tax, []).append(share.exact)
    each = [value for values in exact.values() for value in values]

    assert tax(TaxRounding.LINE) == sum(nearest(value, step, half) for value in each)
    assert tax(TaxRounding.CATEGORY) == sum(
        nearest(sum(values, Fraction(0)), step, half) for values in exact.values()
    )
    assert tax(TaxRounding.DOCUMENT) == nearest(sum(each, Fraction(0)), step, half)


@unhurried
@given(documents(), st.sampled_from(HalfCent))
def test_no_rounding_strays_from_the_exact_tax_by_more_than_its_parts(
    document: TaxableDocument, half: HalfCent
) -> None:
    """Half a unit for each amount that is rounded."""
    step = Fraction(step_of(document.currency))
    for rounding in TaxRounding:
        found = taxed(document, TaxConventions(rounding, TaxBase.EXACT_LINE, half))
        shares = [n for part in (*found.lines, *found.adjustments) for n in part.taxes]
        exact = sum((n.exact for n in shares if not n.tax.withheld), Fraction(0))

        assert abs(Fraction(found.tax.amount) - exact) <= step * max(len(shares), 1) / 2


@unhurried
@given(documents(), conventions, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_total(
    document: TaxableDocument, how: TaxConventions, chance: object
) -> None:
    lines = list(document.lines)
    chance.shuffle(lines)  # type: ignore[attr-defined]
    first = taxed(document, how)
    second = taxed(TaxableDocument(document.currency, tuple(lines), document.adjustments), how)

    assert (first.net, first.tax, first.withheld) == (second.net, second.tax, second.withheld)


@unhurried
@given(documents(st.just(INCLUSIVE[:1]) | st.just(INCLUSIVE)), conventions)
def test_a_price_with_its_taxes_is_net_and_tax_again(
    document: TaxableDocument, how: TaxConventions
) -> None:
    found = taxed(document, how)
    asked = [part.amount for part in (*found.lines, *found.adjustments)]

    assert found.total == Money.total(asked, found.currency)
    for line in found.lines:
        taxes = Money.total((share.amount for share in line.taxes), found.currency)
        assert line.net + taxes == line.amount


@unhurried
@given(CURRENCIES.flatmap(lambda code: money(code, 100)), st.sampled_from(["1", "7", "19", "25.5"]))
def test_taking_tax_out_and_putting_it_back_gives_the_price(price: Money, percent: str) -> None:
    """Exactly, where the net itself is payable; within a unit where it had to be rounded."""
    contained = Tax("VAT", Decimal(percent), inclusive=True)
    on_top = Tax("VAT", Decimal(percent))
    net = taxed(TaxableDocument(price.currency, (TaxableLine(price, taxes=(contained,)),))).net
    again = taxed(TaxableDocument(price.currency, (TaxableLine(net, taxes=(on_top,)),))).total
    gross = taxed(TaxableDocument(price.currency, (TaxableLine(again, taxes=(contained,)),)))

    assert gross.net == net
    assert abs(again.amount - price.amount) <= step_of(price.currency)


amounts = st.lists(money("EUR", -(10**5)), min_size=1, max_size=12)


@unhurried
@given(money("EUR"), amounts)
def test_a_discount_is_given_out_whole_and_never_beyond_its_lines(
    discount: Money, lines: list[Money]
) -> None:
    zero = Money.zero("EUR")
    total = max(Money.total(lines, "EUR"), zero)
    parts = spread(discount, lines)

    assert Money.total(parts, "EUR") == min(discount, total)
    assert all(zero <= part <= max(line, zero) for part, line in zip(parts, lines, strict=True))
    assert all(part == part.rounded() for part in parts)


@unhurried
@given(documents(sign=0), st.integers(0, 10**7))
def test_a_document_discount_lowers_the_net_by_itself(
    document: TaxableDocument, units: int
) -> None:
    full = TaxableDocument(document.currency, document.lines)
    discount = Money.of(Decimal(units).scaleb(-minor_units(document.currency)), document.currency)
    reduced = TaxableDocument(full.currency, full.lines, document_discount(full, discount))

    assert taxed(reduced).net == taxed(full).net - min(discount, taxed(full).net)
    assert taxed(reduced).lines_net == taxed(full).lines_net


@unhurried
@given(st.lists(money("EUR"), max_size=4), st.lists(money("EUR"), min_size=1, max_size=6))
def test_coupons_are_used_or_left(coupons: list[Money], lines: list[Money]) -> None:
    found = redeem(coupons, lines, "EUR")
    used = Money.total(found.used, "EUR")

    assert used + Money.total(found.left, "EUR") == Money.total(coupons, "EUR")
    assert Money.total(found.net, "EUR") == Money.total(lines, "EUR") - used
    assert all(net.amount >= 0 for net in found.net)


@unhurried
@given(money("EUR"), st.lists(money("EUR", 1), min_size=1, max_size=6))
def test_a_bundle_costs_its_parts_less_the_discount(discount: Money, prices: list[Money]) -> None:
    together = Money.total(prices, "EUR")
    found = bundle_prices(discount, {f"P{n}": price for n, price in enumerate(prices)})

    assert Money.total(found.values(), "EUR") == together - min(discount, together)
