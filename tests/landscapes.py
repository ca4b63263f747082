"""The landscapes of the firms that tests open, their logins, and the books they start with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

KEY = ec.generate_private_key(ec.SECP256R1())
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ORG = {"client_id": "fake-org-client", "client_secret": "fake-org-secret"}
ACCOUNT = {"client_id": "fake-ns-client", "certificate_id": "fake-certificate"}

REVENUE_ACCOUNTS = {
    "revenue": "4000", "unbilled_receivable": "1250", "contract_asset": "1260",
    "contract_liability": "2400",
}  # fmt: skip

LANDSCAPE = """\
firm:
  name: Example Advisory
  legal_entities:
    EA-NL: {{country: NL, currency: EUR}}
    EA-US: {{country: US, currency: USD}}
connections:
  salesforce:
    vendor: salesforce
    url: {salesforce}
    auth: {{flow: client_credentials, client_id: env:ORG_ID, client_secret: env:ORG_SECRET}}
    retry_pause: 0
  certinia: {{vendor: certinia, platform: salesforce}}
  netsuite:
    vendor: netsuite
    url: {netsuite}
    auth: {{client_id: env:NS_ID, certificate_id: env:NS_CERT, private_key: env:NS_KEY,
            algorithm: ES256}}
    items: {{time: consulting, milestone: fixed, expense: expenses, adjustment: retention}}
    accounts: {accounts}
    poll_seconds: "0.01"
roles:
  crm: [{{connection: salesforce}}]
  psa: [{{connection: certinia}}]
  erp: [{{connection: netsuite}}]
{more}
"""

ACQUIRED = """\
firm:
  name: Example Advisory
  legal_entities:
    EA-NL: {{country: NL, currency: EUR}}
    EA-US: {{country: US, currency: USD}}
connections:
  salesforce: {{vendor: salesforce, url: {salesforce}, retry_pause: 0, auth: {org_login}}}
  certinia: {{vendor: certinia, platform: salesforce}}
  acquired: {{vendor: salesforce, url: {acquired}, retry_pause: 0, auth: {org_login}}}
  acquired_psa: {{vendor: certinia, platform: acquired}}
  netsuite: {{vendor: netsuite, url: {netsuite}, auth: {books_login}, items: {items},
             accounts: {accounts}, poll_seconds: "0.01"}}
  netsuite_us: {{vendor: netsuite, url: {netsuite_us}, auth: {books_login}, items: {items},
                accounts: {accounts}, poll_seconds: "0.01"}}
roles:
  crm:
    - {{connection: salesforce, legal_entities: [EA-NL]}}
    - {{connection: acquired, legal_entities: [EA-US]}}
  psa:
    - {{connection: certinia, legal_entities: [EA-NL]}}
    - {{connection: acquired_psa, legal_entities: [EA-US]}}
  erp: {erp}
{more}
"""
"""A firm that bought another one: two orgs, each with its PSA, and two sets of books."""

BOTH_BOOKS = (
    "[{connection: netsuite, legal_entities: [EA-NL]}, "
    "{connection: netsuite_us, legal_entities: [EA-US]}]"
)
LOGINS = {
    "org_login": "{flow: client_credentials, client_id: env:ORG_ID, client_secret: env:ORG_SECRET}",
    "books_login": "{client_id: env:NS_ID, certificate_id: env:NS_CERT, private_key: env:NS_KEY, "
    "algorithm: ES256}",
    "items": "{time: consulting, milestone: fixed, expense: expenses}",
}

BOOKS: dict[str, list[dict[str, Any]]] = {
    "currency": [
        {"externalId": c, "name": c, "symbol": c, "currencyPrecision": 2}
        for c in ("EUR", "USD", "GBP")
    ],
    "subsidiary": [
        {"externalId": "EA-NL", "name": "Example NL", "country": "NL",
         "currency": {"externalId": "EUR"}},
        {"externalId": "EA-US", "name": "Example US", "country": "US",
         "currency": {"externalId": "USD"}},
    ],
    "term": [{"externalId": "net30", "name": "Net 30", "daysUntilNetDue": 30}],
    "serviceSaleItem": [
        {"externalId": "consulting", "itemId": "Consulting"},
        {"externalId": "fixed", "itemId": "Fixed fee"},
        {"externalId": "expenses", "itemId": "Expenses"},
        {"externalId": "retention", "itemId": "Retention"},
    ],
    "account": [
        {"externalId": number, "acctNumber": number, "acctName": name}
        for number, name in (("4000", "Revenue"), ("1250", "Unbilled receivables"),
                             ("1260", "Contract assets"), ("2400", "Deferred revenue"))
    ],
    "department": [{"externalId": "CC-10", "name": "Consulting"}],
    "classification": [{"externalId": "PC-A", "name": "Advisory"}],
    "accountingPeriod": [
        {"externalId": f"2026-{m:02d}", "periodName": f"{name} 2026",
         "startDate": f"2026-{m:02d}-01", "endDate": f"2026-{m:02d}-{last}"}
        for m, name, last in ((7, "Jul", 31), (8, "Aug", 31), (9, "Sep", 30))
    ],
}  # fmt: skip


def landscape_text(
    salesforce: str, netsuite: str, more: str = "", accounts: Mapping[str, str] | None = None
) -> str:
    """`accounts` are those that journal entries post to."""
    return LANDSCAPE.format(
        salesforce=salesforce,
        netsuite=netsuite,
        more=more,
        accounts=json.dumps(accounts or REVENUE_ACCOUNTS),
    )


ENVIRONMENT = {
    "ORG_ID": ORG["client_id"],
    "ORG_SECRET": ORG["client_secret"],
    "NS_ID": ACCOUNT["client_id"],
    "NS_CERT": ACCOUNT["certificate_id"],
    "NS_KEY": PRIVATE,
}
