"""Engagement: what a won deal becomes. Built the same from the same deal, whenever it is asked."""

from collections.abc import Sequence

from isthmus.canonical import Contract, Customer, Milestone, Opportunity, Project, ResourceDemand
from isthmus.canonical.contract import BillingFrequency
from isthmus.canonical.opportunity import BillingModel
from isthmus.rules.contracts import amend, as_amending, instalments_of
from isthmus.rules.deal_checks import check_amendment, check_deal
from isthmus.rules.deals import DealContext

__all__ = [
    "DealContext",
    "amend",
    "as_amending",
    "check_amendment",
    "check_deal",
    "contract_from",
    "demands_from",
    "milestones_from",
    "project_from",
]


def contract_from(
    opportunity: Opportunity, customer: Customer, contract_id: str, number: str
) -> Contract:
    """The terms of a deal that `check_deal` found in order."""
    fixed = opportunity.billing_model is BillingModel.FIXED_FEE
    return Contract.model_validate(
        {
            "id": contract_id,
            "number": number,
            "customer": customer.id,
            "opportunity": opportunity.id,
            "legal_entity": opportunity.legal_entity,
            "billing_model": opportunity.billing_model,
            "currency": opportunity.amount and opportunity.amount.currency,
            "value": opportunity.amount,
            "cap": opportunity.cap,
            "starts_on": opportunity.starts_on,
            "ends_on": opportunity.ends_on,
            "payment_terms": opportunity.payment_terms or customer.payment_terms,
            "purchase_order": opportunity.purchase_order,
            "minimum_increment": opportunity.minimum_increment,
            "frequency": BillingFrequency.ON_ACCEPTANCE if fixed else BillingFrequency.MONTHLY,
            "schedule": instalments_of(opportunity) if fixed else (),
        }
    )


def project_from(opportunity: Opportunity, contract: Contract, project_id: str) -> Project:
    return Project(
        id=project_id,
        name=opportunity.name,
        customer=contract.customer,
        opportunity=opportunity.id,
        contract=contract.id,
        template=opportunity.project_template,
        legal_entity=contract.legal_entity,
        billing_model=contract.billing_model,
        currency=contract.currency,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
    )


def milestones_from(
    opportunity: Opportunity, project: Project, ids: Sequence[str]
) -> tuple[Milestone, ...]:
    """One per instalment of a fixed fee; `ids` are one per line of the deal."""
    if opportunity.billing_model is not BillingModel.FIXED_FEE:
        return ()
    return tuple(
        Milestone(
            id=identifier,
            name=line.description,
            project=project.id,
            amount=line.amount,
            due_on=line.due_on,
        )
        for identifier, line in zip(ids, opportunity.lines, strict=True)
    )


def demands_from(
    opportunity: Opportunity, project: Project, ids: Sequence[str]
) -> tuple[ResourceDemand, ...]:
    """One per sold line of hours of a role; `ids` are one per line of the deal.

    The quantity of a fixed-fee line is not hours, so such a deal asks for nobody; nor does a line
    that only changes a price.
    """
    if opportunity.billing_model is not BillingModel.T_AND_M:
        return ()
    first_day = opportunity.starts_on or project.starts_on
    return tuple(
        ResourceDemand.model_validate(
            {
                "id": identifier,
                "name": line.description,
                "project": project.id,
                "role": line.role,
                "hours": line.quantity,
                "starts_on": first_day,
                "ends_on": opportunity.ends_on,
                "bill_rate": line.unit_price,
            }
        )
        for identifier, line in zip(ids, opportunity.lines, strict=True)
        if line.role and line.quantity
    )
