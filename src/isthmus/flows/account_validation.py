"""Whether an account could be a customer: tax number, country, duplicates here and in ledgers.

The same rules as when a deal is won, asked before anybody has to wait for them.
"""

from __future__ import annotations

from pydantic import Field

from isthmus.canonical import Customer
from isthmus.canonical.base import Role, Value
from isthmus.canonical.customer import Address
from isthmus.connect import ConnectError
from isthmus.engine import Engine
from isthmus.flows.reading import entity_of
from isthmus.flows.same_customer import as_candidate, candidates
from isthmus.rules.matching import Ask, CustomerCandidate, Linked, match
from isthmus.rules.problems import Problem
from isthmus.rules.tax import check_tax_registration, is_country, jurisdiction, needs_registration
from isthmus.store.database import Transaction


class Account(Value):
    """What is known of it; the more, the surer the answer."""

    name: str = Field(min_length=1, max_length=300)
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$", description="ISO 3166-1.")
    city: str | None = Field(default=None, max_length=200)
    website: str | None = Field(default=None, max_length=300)
    tax_registration: str | None = Field(default=None, max_length=50)
    legal_entity: str | None = Field(
        default=None, max_length=50, description="Code of our company that would bill it."
    )


class Finding(Value):
    code: str
    field: str | None
    reason: str
    fix: str


class Duplicate(Value):
    """`id` is canonical where `system` is `isthmus`, else the system's own."""

    system: str
    id: str
    name: str
    certain: bool
    why: str


class AccountVerdict(Value):
    valid: bool = Field(description="No problem, and no duplicate.")
    tax_registration: str | None = Field(description="As its register writes it.")
    problems: tuple[Finding, ...]
    duplicates: tuple[Duplicate, ...]
    unasked: tuple[str, ...] = Field(description="Ledgers that did not answer, and why.")


async def validate_account(engine: Engine, account: Account) -> AccountVerdict:
    async with engine.database.begin() as tx:
        found, number = await _checked(tx, account)
        known = [_known(c) for c in await tx.records.list(Customer)]
    asked = _customer(account, number)
    duplicates = _duplicates(engine, asked, "isthmus", known)
    theirs, unasked = await _in_ledgers(engine, asked, account.legal_entity)
    linked = {d.name for d in duplicates}
    duplicates += [d for d in theirs if d.name not in linked]
    return AccountVerdict(
        valid=not (found or duplicates), tax_registration=number, problems=tuple(found),
        duplicates=tuple(duplicates), unasked=unasked,
    )  # fmt: skip


async def _checked(tx: Transaction, account: Account) -> tuple[list[Finding], str | None]:
    found: list[Finding] = []
    entity = await entity_of(tx, account.legal_entity)
    if account.legal_entity and entity is None:
        found.append(_finding("entity_unknown", "legal_entity",
                              f"{account.legal_entity} is none of our companies",
                              "Give the code of a company of the landscape."))  # fmt: skip
    if account.country is None or not is_country(account.country):
        reason = f"{account.country or 'nothing'} is no country"
        fix = "Give the ISO 3166-1 code of the billing country."
        return [*found, _finding("tax_country_unknown", "country", reason, fix)], None
    number = account.tax_registration
    if number:
        checked = check_tax_registration(account.country, number)
        if isinstance(checked, Problem):
            found.append(_finding(checked.code, checked.field, checked.reason, checked.fix))
        else:
            number = checked
    if entity and is_country(entity.country) and not number:
        treatment = jurisdiction(entity.country or "", account.country, has_registration=True)
        if needs_registration(treatment):
            reason = f"{entity.code} bills {account.country} by reverse charge, which quotes it"
            found.append(_finding("tax_registration_missing", "tax_registration", reason,
                                  "Ask the client for its VAT number."))  # fmt: skip
    return found, number


def _finding(code: str, field: str | None, reason: str, fix: str) -> Finding:
    return Finding(code=code, field=field, reason=reason, fix=fix)


def _customer(account: Account, number: str | None) -> Customer:
    address = Address(city=account.city, country=account.country)
    return Customer(
        id="", name=account.name, country=account.country, website=account.website,
        tax_registration=number, billing_address=address,
    )  # fmt: skip


def _known(customer: Customer) -> CustomerCandidate:
    city = customer.billing_address.city if customer.billing_address else None
    return CustomerCandidate(
        customer.id, customer.name, customer.country, customer.tax_registration,
        customer.website, city,
    )  # fmt: skip


def _duplicates(
    engine: Engine, customer: Customer, system: str, known: list[CustomerCandidate]
) -> list[Duplicate]:
    policy = engine.landscape.policies.new_customer
    low, high = policy.ask_between
    verdict = match(
        customer, known, float(policy.match_above), (float(low), float(high))
    )  # fmt: skip
    if isinstance(verdict, Ask):
        return [
            Duplicate(system=system, id=c.external_id, name=c.name, certain=False, why=why)
            for c, _, why in verdict.candidates
        ]
    if isinstance(verdict, Linked):
        name = next(c.name for c in known if c.external_id == verdict.external_id)
        return [Duplicate(system=system, id=verdict.external_id, name=name, certain=True,
                          why=verdict.why)]  # fmt: skip
    return []


async def _in_ledgers(
    engine: Engine, customer: Customer, legal_entity: str | None
) -> tuple[list[Duplicate], tuple[str, ...]]:
    """A ledger that is away makes the answer less sure, and does not keep it back."""
    codes = engine.landscape.firm.legal_entities
    entity = legal_entity if legal_entity in codes else None
    links = engine.links
    ledgers = [links.erp(entity)] if entity else links.all_playing(Role.ERP)
    found: list[Duplicate] = []
    unasked: list[str] = []
    for erp in ledgers:
        try:
            changes = await candidates(erp, customer)
        except ConnectError as error:
            unasked.append(str(error))
            continue
        found += _duplicates(engine, customer, erp.name, [as_candidate(c) for c in changes])
    return found, tuple(unasked)
