"""The connection as it stands in the landscape."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.journal_entry import Account


class Auth(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, Field(description="Login of a user that may do all but administer.")]
    password: Annotated[SecretStr, Field(description="That user's password.")]


class TaxRule(BaseModel):
    """Taxes of an invoice by where seller and buyer are. The first rule that fits is used."""

    model_config = ConfigDict(extra="forbid")

    company: Annotated[
        tuple[str, ...], Field(description="Countries of our company; `EU` for all; empty: any.")
    ] = ()
    customer: Annotated[
        tuple[str, ...], Field(description="Countries billed; `EU` for all members; empty: any.")
    ] = ()
    registered: Annotated[
        bool | None, Field(description="Whether the customer has a tax number; absent: either.")
    ] = None
    taxes: Annotated[
        tuple[str, ...], Field(description="Names of Tryton taxes on every line; may be empty.")
    ]


class TrytonConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    vendor: Annotated[Literal["tryton"], Field(description="This connector.")] = "tryton"
    url: Annotated[HttpUrl, Field(description="Address of the server, without the database.")]
    database: Annotated[str, Field(description="Name of the database on that server.")]
    auth: Annotated[Auth, Field(description="Who calls.")]
    companies: Annotated[
        dict[str, str],
        Field(description="Our company codes and the name of each company's party in Tryton."),
    ] = {}
    items: Annotated[
        dict[LineKind, str],
        Field(description="Product code that each kind of invoice line is billed with."),
    ] = {}
    accounts: Annotated[
        dict[Account, str],
        Field(description="Account code of what journal entries post to: revenue, due_to, …"),
    ] = {}
    journal: Annotated[
        str, Field(description="Code of the Tryton journal that journal entries go to.")
    ] = "MISC"
    taxes: Annotated[
        tuple[TaxRule, ...],
        Field(description="Tax rules; without a fitting one the product's customer taxes apply."),
    ] = ()
    payment_terms: Annotated[
        dict[str, str],
        Field(description="Our names of payment terms and Tryton's, where they differ."),
    ] = {}
    concurrency: Annotated[
        int,
        Field(ge=1, le=32, description="Calls at one time; the server sets no limit."),
    ] = 4
    timeout_seconds: Annotated[
        float, Field(gt=0, description="Patience for one answer; posting takes up to a second.")
    ] = 60.0
