"""The landscape of Example Advisory, as any firm would write it."""

from __future__ import annotations

from isthmus.demo.place import Place

ORG_APP = {"client_id": "example-connected-app", "username": "isthmus@advisory.example"}
BOOKS_APP = {"client_id": "example-integration", "certificate_id": "example-certificate"}
ORGANIZATION = "00D5e0000000001"
"""Id of the simulated org."""
TIME_ITEM, MILESTONE_ITEM = "HOURS", "MILESTONE"

_FIRM = """\
# Written by `isthmus demo`; the systems are the simulators it starts.
firm:
  name: Example Advisory
  calendar: {timezone: Europe/Amsterdam}
  legal_entities:
    EA-NL: {country: NL, currency: EUR}
    EA-US: {country: US, currency: USD}
"""

_SALESFORCE = """
connections:
  salesforce:
    vendor: salesforce
    url: {url}
    auth:
      flow: jwt_bearer
      client_id: {app[client_id]}
      username: {app[username]}
      private_key: file:{key}
    organization_id: {organization}
    changes: {{opportunity: webhook}}

  certinia:
    vendor: certinia
    platform: salesforce
"""

NETSUITE = """
  netsuite:
    vendor: netsuite
    url: {url}
    auth:
      client_id: {app[client_id]}
      certificate_id: {app[certificate_id]}
      private_key: file:{key}
      algorithm: PS256
    items: {{time: {time}, milestone: {milestone}}}
    concurrency: 4
    poll_seconds: "0.1"
"""

_ROLES = """
roles:
  crm: [{{connection: salesforce}}]
  psa: [{{connection: certinia}}]
  erp: [{{connection: {erp}}}]

policies:
  closed_period: hold
  psa_rate: must_agree

# Short, because a quarter passes in a minute here.
schedules:
  poll:
    default: 15s
    objects: {{accounting_period: 2s, assignment: 2s, invoice: 2s, milestone: 2s, phase: 2s,
              project: 2s, rate_card: 2s, time_entry: 2s}}
"""


def landscape_text(place: Place, org_url: str, erp: str, erp_connection: str) -> str:
    """The whole file; `erp_connection` is what the ledger's clerk says of its system."""
    org = _SALESFORCE.format(
        url=org_url, app=ORG_APP, key=place.key_file("salesforce"), organization=ORGANIZATION
    )
    return _FIRM + org + erp_connection + _ROLES.format(erp=erp)


def netsuite_connection(place: Place, url: str) -> str:
    return NETSUITE.format(
        url=url, app=BOOKS_APP, key=place.key_file("netsuite"), time=TIME_ITEM,
        milestone=MILESTONE_ITEM,
    )  # fmt: skip
