"""Deal checks: what a won deal must say before anything is made of it in another system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from isthmus.canonical import Contract, Customer, LegalEntity, Opportunity
from isthmus.canonical.contract import ContractStatus
from isthmus.canonical.customer import CustomerStatus
from isthmus.canonical.opportunity import BillingModel, OpportunityLine
from isthmus.kit.money import Money
from isthmus.rules.problems import Owner, Problem
from isthmus.rules.tax import (
    check_tax_registration,
    is_country,
    jurisdiction,
    needs_registration,
)

BILLED_MODELS = (BillingModel.T_AND_M, BillingModel.FIXED_FEE)
MAX_DEPTH = 10
"""Accounts above a customer. Deeper trees are loops in the making or an import gone wrong."""


@dataclass(frozen=True, slots=True)
class DealContext:
    """What a deal is checked against.

    `ancestors` are the accounts above the customer, nearest first, as far as they are known.
    `templates` and `known_terms` are None where no system can list them.
    """

    customer: Customer | None
    ancestors: tuple[Customer, ...] = ()
    entity_codes: Mapping[str, LegalEntity] = field(default_factory=dict)
    templates: frozenset[str] | None = None
    known_terms: frozenset[str] | None = None


def check_deal(opportunity: Opportunity, ctx: DealContext) -> tuple[Problem, ...]:
    """All problems at once, so that a deal goes back to its owner once."""
    checks = (
        _customer, _hierarchy, _dates, _payment_terms, _entity, _model, _amount, _currency,
        _cap, _lines, _tax, _template,
    )  # fmt: skip
    return tuple(problem for check in checks for problem in check(opportunity, ctx))


def check_amendment(opportunity: Opportunity, contract: Contract | None) -> tuple[Problem, ...]:
    """Whether a deal may change this contract; `check_deal` covers the deal itself."""
    return tuple(_amendment(opportunity, contract))


def _crm(code: str, deal: Opportunity, what: str, fix: str, field: str) -> Problem:
    return _told("pmo", code, deal, what, fix, field)


def _told(owner: Owner, code: str, deal: Opportunity, what: str, fix: str, field: str) -> Problem:
    return Problem(code, f"{deal.name}: {what}", owner, f"{fix}, then replay.", field)


def _customer(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    customer = ctx.customer
    if customer is None:
        yield _told(
            "integration", "customer_missing", deal, "its account has not come over from the CRM",
            "Check that the connection may read the account, and read it again", "customer",
        )  # fmt: skip
    elif customer.status in (CustomerStatus.ON_HOLD, CustomerStatus.INACTIVE):
        yield _told(
            "finance", f"customer_{customer.status}", deal,
            f"{customer.name} is {customer.status.replace('_', ' ')} in the ledger",
            f"Release {customer.name} in the ledger, or close the deal as lost", "customer",
        )  # fmt: skip


def _hierarchy(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if ctx.customer is None:
        return
    seen, at = {ctx.customer.id}, ctx.customer
    for above in ctx.ancestors[:MAX_DEPTH]:
        if above.id in seen:
            break
        seen.add(above.id)
        at = above
        if above.status is CustomerStatus.ON_HOLD:
            yield _told(
                "finance", "parent_on_hold", deal,
                f"{above.name}, above {ctx.customer.name}, is on hold in the ledger",
                f"Release {above.name} in the ledger", "customer",
            )  # fmt: skip
    if at.parent is not None:
        yield _broken_hierarchy(deal, ctx.customer, at, seen)


def _broken_hierarchy(
    deal: Opportunity, customer: Customer, last: Customer, seen: set[str]
) -> Problem:
    if last.parent in seen:
        return _crm(
            "hierarchy_cycle", deal,
            f"the accounts above {customer.name} form a loop: the parent of {last.name} is below it",
            f"Correct the parent of {last.name} in the CRM", "parent",
        )  # fmt: skip
    if len(seen) > MAX_DEPTH:
        return _crm(
            "hierarchy_too_deep", deal, f"{customer.name} has more than {MAX_DEPTH} accounts above",
            "Flatten the account hierarchy in the CRM", "parent",
        )  # fmt: skip
    return _crm(
        "hierarchy_unknown_parent", deal, f"the parent of {last.name} is not known here",
        f"Correct the parent of {last.name} in the CRM, or let the connection read it", "parent",
    )  # fmt: skip


def _dates(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.starts_on is None:
        yield _crm(
            "start_missing", deal, "it has no first day of work",
            "Set the start date of the deal", "starts_on",
        )  # fmt: skip
    elif deal.ends_on is not None and deal.ends_on < deal.starts_on:
        yield _crm(
            "end_before_start", deal, f"it ends on {deal.ends_on}, before it starts on "
            f"{deal.starts_on}", "Correct the start or end date of the deal", "ends_on",
        )  # fmt: skip


def _payment_terms(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    """The client's standing terms hold where the deal has none of its own."""
    terms = deal.payment_terms or (ctx.customer.payment_terms if ctx.customer else None)
    if terms is None:
        yield _crm(
            "payment_terms_missing", deal, "neither the deal nor the client has payment terms",
            "Set the payment terms of the deal", "payment_terms",
        )  # fmt: skip
    elif ctx.known_terms is not None and terms not in ctx.known_terms:
        yield _told(
            "finance", "payment_terms_unknown", deal,
            f"the ledger has no payment terms {terms!r}; it has {_listed(ctx.known_terms)}",
            "Set terms that the ledger has, or add these to it", "payment_terms",
        )  # fmt: skip


def _entity(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.legal_entity is None:
        yield _crm(
            "legal_entity_missing", deal, "no company of ours contracts it",
            f"Set the legal entity of the deal: {_listed(ctx.entity_codes)}", "legal_entity",
        )  # fmt: skip
    elif deal.legal_entity not in ctx.entity_codes:
        yield _told(
            "finance", "legal_entity_unknown", deal,
            f"the ledger has no company {deal.legal_entity!r}; it has {_listed(ctx.entity_codes)}",
            "Correct the legal entity of the deal", "legal_entity",
        )  # fmt: skip


def _model(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.billing_model is None:
        yield _crm(
            "billing_model_missing", deal, "it does not say how the work is billed",
            f"Set the billing model of the deal: {_listed(BILLED_MODELS)}", "billing_model",
        )  # fmt: skip
    elif deal.billing_model not in BILLED_MODELS:
        yield _told(
            "finance", "billing_model_unsupported", deal,
            f"no rule bills {deal.billing_model}", f"Sell it as {_listed(BILLED_MODELS)}",
            "billing_model",
        )  # fmt: skip


def _amount(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.amends is not None:
        if deal.amount is None and deal.cap is None and deal.ends_on is None:
            yield _crm(
                "amendment_empty", deal, "it amends a deal and changes nothing",
                "Set an amount, a cap or an end date", "amount",
            )  # fmt: skip
    elif deal.amount is None or deal.amount.amount <= 0:
        shown = "it has no amount" if deal.amount is None else f"its amount is {deal.amount}"
        yield _crm(
            "amount_missing", deal, shown, "Set the amount of the deal, above zero", "amount"
        )


def _currency(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.amount is None:
        return
    currency = deal.amount.currency
    odd = sorted({n.unit_price.currency for n in deal.lines} - {currency})
    if odd:
        yield _crm(
            "currency_mixed", deal, f"it is in {currency}, and lines of it in {' and '.join(odd)}",
            "Put all lines into the currency of the deal", "lines",
        )  # fmt: skip
    billed_in = ctx.customer.currency if ctx.customer else None
    if billed_in is not None and billed_in != currency:
        yield _told(
            "finance", "currency_mismatch", deal,
            f"it is in {currency}, but the client is billed in {billed_in}",
            "Correct the currency of the deal, or of the client in the ledger", "amount",
        )  # fmt: skip


def _cap(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.cap is None:
        return
    if deal.amount is not None and deal.cap.currency != deal.amount.currency:
        yield _crm(
            "cap_currency", deal, f"its cap is in {deal.cap.currency}, the deal in "
            f"{deal.amount.currency}", "Put the cap into the currency of the deal", "cap",
        )  # fmt: skip
    if deal.cap.amount <= 0:
        yield _crm(
            "cap_not_positive", deal, f"its cap is {deal.cap}, which bills nothing",
            "Correct the cap, or leave it empty for none", "cap",
        )  # fmt: skip


def _lines(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    """An amendment may change dates or a cap alone; its lines are checked if it has any."""
    if not deal.lines:
        if deal.amends is None and deal.billing_model in BILLED_MODELS:
            yield _crm(
                "lines_missing", deal, "it has no lines to plan and bill from",
                "Add the roles or instalments sold", "lines",
            )  # fmt: skip
        return
    if deal.billing_model is BillingModel.FIXED_FEE:
        yield from _instalments(deal)
    elif deal.billing_model is BillingModel.T_AND_M:
        yield from _roles(deal)


def _roles(deal: Opportunity) -> Iterator[Problem]:
    if nameless := [n for n in deal.lines if not n.role]:
        yield _crm(
            "line_role_missing", deal, f"no role on {_described(nameless)}",
            "Set the role that each line sells", "lines",
        )  # fmt: skip
    if empty := [n for n in deal.lines if n.quantity <= 0]:
        yield _crm(
            "line_hours_missing", deal, f"no hours on {_described(empty)}",
            "Set the hours that each line sells", "lines",
        )  # fmt: skip


def _instalments(deal: Opportunity) -> Iterator[Problem]:
    if undated := [n for n in deal.lines if n.due_on is None]:
        yield _crm(
            "line_date_missing", deal, f"no due date on {_described(undated)}",
            "Set the day that each instalment is due", "lines",
        )  # fmt: skip
    if deal.amount is None or any(n.amount.currency != deal.amount.currency for n in deal.lines):
        return  # said by another check; a sum over currencies says nothing
    total = Money.total((n.amount for n in deal.lines), deal.amount.currency)
    if total != deal.amount:
        yield _crm(
            "schedule_sum", deal, f"its instalments sum to {total}, the deal is {deal.amount}",
            "Correct the instalments or the amount", "lines",
        )  # fmt: skip


def _tax(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    customer, entity = ctx.customer, ctx.entity_codes.get(deal.legal_entity or "")
    if customer is None:
        return
    country, number = customer.country, customer.tax_registration
    if country is None or not is_country(country):
        shown = f"{country!r}, which is no country" if country else "no country"
        yield _crm(
            "tax_country_unknown", deal, f"{customer.name} has {shown} in its billing address",
            "Set the billing country of the account", "country",
        )  # fmt: skip
        return
    if number:
        yield from _number(deal, country, number)
    if entity is not None:
        yield from _regime(deal, customer, country, entity)


def _number(deal: Opportunity, country: str, number: str) -> Iterator[Problem]:
    found = check_tax_registration(country, number)
    if isinstance(found, Problem):
        yield Problem(
            found.code, f"{deal.name}: {found.reason}", found.owner, found.fix, found.field
        )


def _regime(
    deal: Opportunity, customer: Customer, country: str, entity: LegalEntity
) -> Iterator[Problem]:
    if not is_country(entity.country):
        yield _told(
            "finance", "tax_jurisdiction_unknown", deal,
            f"company {entity.code} has no country in the ledger, so no tax regime applies",
            f"Set the country of {entity.code} in the ledger", "legal_entity",
        )  # fmt: skip
        return
    treatment = jurisdiction(entity.country or "", country, has_registration=True)
    if needs_registration(treatment) and not customer.tax_registration:
        yield _told(
            "finance", "tax_registration_missing", deal,
            f"{customer.name} in {country} is billed from {entity.country} by reverse charge, "
            "which quotes its VAT number", "Set the VAT number of the account", "tax_registration",
        )  # fmt: skip


def _template(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.amends is not None:
        return  # the project is there already
    if not deal.project_template:
        yield _crm(
            "template_missing", deal, "it names no project template",
            "Set the project template of the deal", "project_template",
        )  # fmt: skip
    elif ctx.templates is not None and deal.project_template not in ctx.templates:
        yield _crm(
            "template_unknown", deal, f"the PSA has no template {deal.project_template!r}; "
            f"it has {_listed(ctx.templates)}",
            "Name a template of the PSA, or make this one there", "project_template",
        )  # fmt: skip


def _amendment(deal: Opportunity, contract: Contract | None) -> Iterator[Problem]:
    if contract is None:
        yield _crm(
            "amended_contract_missing", deal, "the deal that it amends has no contract yet",
            "Hand over the first deal, or correct which deal this one amends", "amends",
        )  # fmt: skip
        return
    if contract.status is ContractStatus.TERMINATED:
        yield _crm(
            "amended_contract_over", deal, f"contract {contract.number} is terminated",
            "Sell it as a new deal", "amends",
        )  # fmt: skip
    for name in ("amount", "cap"):
        money: Money | None = getattr(deal, name)
        if money is not None and money.currency != contract.currency:
            yield _crm(
                "amendment_currency", deal, f"its {name} is in {money.currency}, contract "
                f"{contract.number} in {contract.currency}",
                "Put it into the currency of the contract", name,
            )  # fmt: skip
    if deal.starts_on is not None and deal.starts_on < contract.starts_on:
        yield _crm(
            "amendment_too_early", deal, f"it changes terms from {deal.starts_on}, before contract "
            f"{contract.number} starts on {contract.starts_on}",
            "Correct the start date of the amendment", "starts_on",
        )  # fmt: skip


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _described(lines: list[OpportunityLine]) -> str:
    return ", ".join(repr(n.description) for n in lines)
