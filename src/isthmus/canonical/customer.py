"""Customer: who buys. CRM names it and places it in a hierarchy; ERP taxes and bills it."""

from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, Value, about


class Address(Value):
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2."""


class Contact(Value):
    name: str
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    is_billing: bool = False


class CustomerStatus(StrEnum):
    PROSPECT = "prospect"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    INACTIVE = "inactive"


class Customer(CanonicalObject):
    kind: ClassVar[str] = "customer"
    system_of_record: ClassVar[Role] = Role.CRM
    identifiers: ClassVar[tuple[str, ...]] = ("name", "country")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("prospect", "active"),
        transitions=(
            Transition("prospect", "active", Role.ERP),
            Transition("active", "on_hold", Role.ERP),
            Transition("on_hold", "active", Role.ERP),
            Transition("active", "inactive", Role.ERP),
            Transition("on_hold", "inactive", Role.ERP),
            Transition("inactive", "active", Role.ERP),
        ),
    )

    name: Annotated[str, about("Name as sales uses it", Role.CRM)]
    parent: Annotated[
        str | None, about("Account above this one in the hierarchy", Role.CRM, ref="customer")
    ] = None
    country: Annotated[
        str | None, about("ISO 3166-1 alpha-2 country of the billing address", Role.CRM)
    ] = None
    billing_address: Annotated[Address | None, about("Where invoices go", Role.CRM)] = None
    website: Annotated[str | None, about("Web address, used for matching", Role.CRM)] = None
    phone: Annotated[str | None, about("Main telephone", Role.CRM, pii=True)] = None
    contacts: Annotated[
        tuple[Contact, ...], about("People at the customer", Role.CRM, pii=True)
    ] = ()
    currency: Annotated[
        str | None, about("ISO 4217 code it is billed in", Role.ERP, seeded_by=Role.CRM)
    ] = None
    tax_registration: Annotated[
        str | None,
        about("VAT, EIN or other tax number", Role.ERP, seeded_by=Role.CRM),
    ] = None
    payment_terms: Annotated[
        str | None,
        about("Name of the payment terms, such as Net 30", Role.ERP, seeded_by=Role.CRM),
    ] = None
    bill_to: Annotated[
        str | None,
        about("Customer that receives this one's invoices", Role.ERP, ref="customer"),
    ] = None
    legal_entity: Annotated[
        str | None,
        about("Our company that bills it first", Role.ERP, seeded_by=Role.CRM, ref="legal_entity"),
    ] = None
    account_number: Annotated[str | None, about("Number in the ledger", Role.ERP)] = None
    status: Annotated[CustomerStatus, about("Whether it may be billed", Role.ERP)] = (
        CustomerStatus.PROSPECT
    )
