"""Account checks: who buys a deal, where they stand in their group, and how they are taxed."""

from __future__ import annotations

from collections.abc import Iterator

from isthmus.canonical import Customer, LegalEntity, Opportunity
from isthmus.canonical.customer import CustomerStatus
from isthmus.rules.deals import DealContext, in_crm, told
from isthmus.rules.problems import Problem
from isthmus.rules.tax import (
    check_tax_registration,
    is_country,
    jurisdiction,
    needs_registration,
)

MAX_DEPTH = 10
"""Accounts above a customer. Deeper trees are loops in the making or an import gone wrong."""


def check_account(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    yield from check_master(deal, ctx)
    yield from _hierarchy(deal, ctx)
    yield from _tax(deal, ctx)


def check_master(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    customer = ctx.customer
    if customer is None:
        yield told(
            "integration", "customer_missing", deal, "its account has not come over from the CRM",
            "Check that the connection may read the account, and read it again", "customer",
        )  # fmt: skip
    elif customer.status in (CustomerStatus.ON_HOLD, CustomerStatus.INACTIVE):
        yield told(
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
            yield told(
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
        return in_crm(
            "hierarchy_cycle", deal,
            f"the accounts above {customer.name} form a loop: {last.name} is under one below it",
            f"Correct the parent of {last.name} in the CRM", "parent",
        )  # fmt: skip
    if len(seen) > MAX_DEPTH:
        return in_crm(
            "hierarchy_too_deep", deal, f"{customer.name} has more than {MAX_DEPTH} accounts above",
            "Flatten the account hierarchy in the CRM", "parent",
        )  # fmt: skip
    return in_crm(
        "hierarchy_unknown_parent", deal, f"the parent of {last.name} is not known here",
        f"Correct the parent of {last.name} in the CRM, or let the connection read it", "parent",
    )  # fmt: skip


def _tax(deal: Opportunity, ctx: DealContext) -> Iterator[Problem]:
    customer, entity = ctx.customer, ctx.entity_codes.get(deal.legal_entity or "")
    if customer is None:
        return
    country, number = customer.country, customer.tax_registration
    if country is None or not is_country(country):
        shown = f"{country!r}, which is no country" if country else "no country"
        yield in_crm(
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
        yield told(
            "finance", "tax_jurisdiction_unknown", deal,
            f"company {entity.code} has no country in the ledger, so no tax regime applies",
            f"Set the country of {entity.code} in the ledger", "legal_entity",
        )  # fmt: skip
        return
    treatment = jurisdiction(entity.country or "", country, has_registration=True)
    if needs_registration(treatment) and not customer.tax_registration:
        yield told(
            "finance", "tax_registration_missing", deal,
            f"{customer.name} in {country} is billed from {entity.country} by reverse charge, "
            "which quotes its VAT number", "Set the VAT number of the account", "tax_registration",
        )  # fmt: skip
