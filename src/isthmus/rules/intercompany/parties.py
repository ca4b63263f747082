"""Who is intercompany: the person's employer is not the company of the contract."""

from __future__ import annotations

from isthmus.canonical import Contract, Resource
from isthmus.rules.problems import Problem
from isthmus.rules.revenue.affiliates import Companies


def companies_of(resource: Resource, contract: Contract) -> Companies | Problem | None:
    """The two companies by their codes; None where one does it all."""
    if resource.legal_entity is None:
        return Problem(
            "employer_missing",
            f"no company of ours is known to employ {resource.employee_number or resource.id}, "
            f"who works under contract {contract.number} of {contract.legal_entity}",
            "finance",
            "Set the legal entity of the person in the HCM, then replay.",
            "legal_entity",
        )
    if resource.legal_entity == contract.legal_entity:
        return None
    return Companies(contracting=contract.legal_entity, performing=resource.legal_entity)
