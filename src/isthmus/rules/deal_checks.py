"""Deal checks: what a won deal must say before anything is made of it in another system."""

from __future__ import annotations

from collections.abc import Iterator

from isthmus.canonical import Contract, Opportunity
from isthmus.canonical.contract import ContractStatus
from isthmus.canonical.opportunity import BillingModel, OpportunityLine
from isthmus.kit.money import Money
from isthmus.rules.account_checks import check_account, check_master
from isthmus.rules.amendments import check_added
from isthmus.rules.contracts import as_amending
from isthmus.rules.deals import DealContext, in_crm, listed, told
from isthmus.rules.problems import Problem

BILLED_MODELS = (BillingModel.T_AND_M, BillingModel.FIXED_FEE)


def check_deal(opportunity: Opportunity, ctx: DealContext) -> tuple[Problem, ...]:
    """All problems at once, so that a deal goes back to its owner once."""
    checks = (
        check_account, _dates, _payment_terms, _entity, _model, _amount, _currency, _cap,
        _increment, _lines, _template,
    )  # fmt: skip
    return tuple(problem for check in checks for problem in check(opportunity, ctx))


def check_amendment(
    opportunity: Opportunity, contract: Contract | None, ctx: DealContext | None = None
) -> tuple[Problem, ...]:
    """Whether a deal may change this contract; with a context, also by the client's standing.

    The company, billing model, template and payment terms are the contract's already, so a deal
    that amends needs none of its own.
    """
    standing = check_master(opportunity, ctx) if ctx else ()
    deal = as_amending(opportunity, contract) if contract else opportunity
    known = ctx or DealContext(None)
    checks = (_dates, _amount, _currency, _cap, _lines)
    terms = (p for check in checks for p in check(deal, known))
    added = check_added(deal, contract, known) if contract else ()
    return (*standing, *terms, *_amendment(deal, contract), *added)


def _dates(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.starts_on is None:
        yield in_crm(
            "start_missing", deal, "it has no first day of work",
            "Set the start date of the deal", "starts_on",
        )  # fmt: skip
    elif deal.ends_on is not None and deal.ends_on < deal.starts_on:
        yield in_crm(
            "end_before_start", deal, f"it ends on {deal.ends_on}, before it starts on "
            f"{deal.starts_on}", "Correct the start or end date of the deal", "ends_on",
        )  # fmt: skip


def _payment_terms(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    """The client's standing terms hold where the deal has none of its own."""
    terms = deal.payment_terms or (ctx.customer.payment_terms if ctx.customer else None)
    if terms is None and ctx.customer is not None:
        yield in_crm(
            "payment_terms_missing", deal, "neither the deal nor the client has payment terms",
            "Set the payment terms of the deal", "payment_terms",
        )  # fmt: skip
    elif terms and ctx.known_terms is not None and terms not in ctx.known_terms:
        yield told(
            "finance", "payment_terms_unknown", deal,
            f"the ledger has no payment terms {terms!r}; it has {listed(ctx.known_terms)}",
            "Set terms that the ledger has, or add these to it", "payment_terms",
        )  # fmt: skip


def _entity(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.legal_entity is None:
        yield in_crm(
            "legal_entity_missing", deal, "no company of ours contracts it",
            f"Set the legal entity of the deal: {listed(ctx.entity_codes)}", "legal_entity",
        )  # fmt: skip
    elif deal.legal_entity not in ctx.entity_codes:
        yield told(
            "finance", "legal_entity_unknown", deal,
            f"the ledger has no company {deal.legal_entity!r}; it has {listed(ctx.entity_codes)}",
            "Correct the legal entity of the deal", "legal_entity",
        )  # fmt: skip


def _model(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.billing_model is None:
        yield in_crm(
            "billing_model_missing", deal, "it does not say how the work is billed",
            f"Set the billing model of the deal: {listed(BILLED_MODELS)}", "billing_model",
        )  # fmt: skip
    elif deal.billing_model not in BILLED_MODELS:
        yield told(
            "finance", "billing_model_unsupported", deal,
            f"no rule bills {deal.billing_model}", f"Sell it as {listed(BILLED_MODELS)}",
            "billing_model",
        )  # fmt: skip


def _amount(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.amends is not None:
        repriced = any(line.reprices for line in deal.lines)
        if deal.amount is None and deal.cap is None and deal.ends_on is None and not repriced:
            yield in_crm(
                "amendment_empty", deal, "it amends a deal and changes nothing",
                "Set an amount, a cap or an end date", "amount",
            )  # fmt: skip
    elif deal.amount is None or deal.amount.amount <= 0:
        shown = "it has no amount" if deal.amount is None else f"its amount is {deal.amount}"
        yield in_crm(
            "amount_missing", deal, shown, "Set the amount of the deal, above zero", "amount"
        )


def _currency(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.amount is None:
        return
    currency = deal.amount.currency
    odd = sorted({n.unit_price.currency for n in deal.lines} - {currency})
    if odd:
        yield in_crm(
            "currency_mixed", deal, f"it is in {currency}, and lines of it in {' and '.join(odd)}",
            "Put all lines into the currency of the deal", "lines",
        )  # fmt: skip
    billed_in = ctx.customer.currency if ctx.customer else None
    if billed_in is not None and billed_in != currency:
        yield told(
            "finance", "currency_mismatch", deal,
            f"it is in {currency}, but the client is billed in {billed_in}",
            "Correct the currency of the deal, or of the client in the ledger", "amount",
        )  # fmt: skip


def _cap(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.cap is None:
        return
    if deal.amount is not None and deal.cap.currency != deal.amount.currency:
        yield in_crm(
            "cap_currency", deal, f"its cap is in {deal.cap.currency}, the deal in "
            f"{deal.amount.currency}", "Put the cap into the currency of the deal", "cap",
        )  # fmt: skip
    if deal.cap.amount <= 0:
        yield in_crm(
            "cap_not_positive", deal, f"its cap is {deal.cap}, which bills nothing",
            "Correct the cap, or leave it empty for none", "cap",
        )  # fmt: skip


def _increment(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.minimum_increment is not None and deal.minimum_increment <= 0:
        yield in_crm(
            "increment_not_positive", deal,
            f"its minimum increment is {deal.minimum_increment} minutes",
            "Correct the increment, or leave it empty to bill the hours as they are",
            "minimum_increment",
        )  # fmt: skip


def _lines(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    """An amendment may change dates or a cap alone; its lines are checked if it has any."""
    if not deal.lines:
        if deal.amends is None and deal.billing_model in BILLED_MODELS:
            yield in_crm(
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
        yield in_crm(
            "line_role_missing", deal, f"no role on {_described(nameless)}",
            "Set the role that each line sells", "lines",
        )  # fmt: skip
    if empty := [n for n in deal.lines if n.quantity <= 0 and (n.quantity or not n.reprices)]:
        yield in_crm(
            "line_hours_missing", deal, f"no hours on {_described(empty)}",
            "Set the hours that each line sells", "lines",
        )  # fmt: skip
    if deal.amends is None and (changing := [n for n in deal.lines if n.reprices]):
        yield in_crm(
            "reprices_nothing", deal, f"{_described(changing)} changes a price, and the deal "
            "amends none", "Say which deal it amends, or clear the mark on the line", "lines",
        )  # fmt: skip


def _instalments(deal: Opportunity) -> Iterator[Problem]:
    if undated := [n for n in deal.lines if n.due_on is None]:
        yield in_crm(
            "line_date_missing", deal, f"no due date on {_described(undated)}",
            "Set the day that each instalment is due", "lines",
        )  # fmt: skip
    if deal.amount is None or any(n.amount.currency != deal.amount.currency for n in deal.lines):
        return  # said by another check; a sum over currencies says nothing
    total = Money.total((n.amount for n in deal.lines), deal.amount.currency)
    if total != deal.amount:
        yield in_crm(
            "schedule_sum", deal, f"its instalments sum to {total}, the deal is {deal.amount}",
            "Correct the instalments or the amount", "lines",
        )  # fmt: skip


def _template(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    if deal.amends is not None:
        return  # the project is there already
    if not deal.project_template:
        yield in_crm(
            "template_missing", deal, "it names no project template",
            "Set the project template of the deal", "project_template",
        )  # fmt: skip
    elif ctx.templates is not None and deal.project_template not in ctx.templates:
        yield in_crm(
            "template_unknown", deal, f"the PSA has no template {deal.project_template!r}; "
            f"it has {listed(ctx.templates)}",
            "Name a template of the PSA, or make this one there", "project_template",
        )  # fmt: skip


def _amendment(deal: Opportunity, contract: Contract | None) -> Iterator[Problem]:
    if contract is None:
        yield in_crm(
            "amended_contract_missing", deal, "the deal that it amends has no contract yet",
            "Hand over the first deal, or correct which deal this one amends", "amends",
        )  # fmt: skip
        return
    if contract.status is ContractStatus.TERMINATED:
        yield in_crm(
            "amended_contract_over", deal, f"contract {contract.number} is terminated",
            "Sell it as a new deal", "amends",
        )  # fmt: skip
    if deal.legal_entity not in (None, contract.legal_entity):
        yield in_crm(
            "amendment_entity", deal, f"its company is {deal.legal_entity}, contract "
            f"{contract.number} is with {contract.legal_entity}",
            "Correct the legal entity, or sell it as a new deal", "legal_entity",
        )  # fmt: skip
    for name in ("amount", "cap"):
        money: Money | None = getattr(deal, name)
        if money is not None and money.currency != contract.currency:
            yield in_crm(
                "amendment_currency", deal, f"its {name} is in {money.currency}, contract "
                f"{contract.number} in {contract.currency}",
                "Put it into the currency of the contract", name,
            )  # fmt: skip
    if deal.starts_on is not None and deal.starts_on < contract.starts_on:
        yield in_crm(
            "amendment_too_early", deal, f"it changes terms from {deal.starts_on}, before contract "
            f"{contract.number} starts on {contract.starts_on}",
            "Correct the start date of the amendment", "starts_on",
        )  # fmt: skip


def _described(lines: list[OpportunityLine]) -> str:
    return ", ".join(repr(n.description) for n in lines)
