"""Opens the PSA connection: in the CRM's org when the landscape says so, else on its own."""

from __future__ import annotations

from isthmus.connect import ConnectionContext, Quota, Unauthorized
from isthmus.connectors.certinia.assignment import Assignments
from isthmus.connectors.certinia.config import CertiniaConfig
from isthmus.connectors.certinia.contract import Contracts
from isthmus.connectors.certinia.expense_entry import ExpenseEntries
from isthmus.connectors.certinia.milestone import Milestones
from isthmus.connectors.certinia.phase import Phases
from isthmus.connectors.certinia.project import Projects
from isthmus.connectors.certinia.rate_card import RateCards
from isthmus.connectors.certinia.resource import Resources
from isthmus.connectors.certinia.resource_demand import ResourceDemands
from isthmus.connectors.certinia.task import Tasks
from isthmus.connectors.certinia.time_entry import TimeEntries
from isthmus.connectors.certinia.webhook import PUSHED
from isthmus.platforms.salesforce import (
    OutboundMessages,
    SalesforceSystem,
    SalesforceTransport,
    open_transport,
    org_quota,
)

OBJECTS = (
    Projects, Phases, Tasks, Milestones, Resources, Assignments, ResourceDemands, RateCards,
    TimeEntries, ExpenseEntries, Contracts,
)  # fmt: skip


def open_system(context: ConnectionContext, config: CertiniaConfig) -> SalesforceSystem:
    transport, shared = _transport(context, config)
    return SalesforceSystem(
        context.name,
        transport,
        [
            kind(transport, context.overlays)
            for kind in OBJECTS
            if kind is not Contracts or config.budgets
        ],
        OutboundMessages(transport, config.organization_id, PUSHED),
        shared=shared,
    )


def quota(config: CertiniaConfig) -> Quota:
    """That of its org; where it lives in another connection's, that one's gate counts."""
    org = config.org()
    return Quota() if org is None else org_quota(org)


def _transport(
    context: ConnectionContext, config: CertiniaConfig
) -> tuple[SalesforceTransport, bool]:
    org = config.org()
    if org is not None:
        return open_transport(context.name, org, context.gate), False
    if isinstance(context.transport, SalesforceTransport):
        return context.transport.seen_by(context.name), True
    raise Unauthorized(
        context.name,
        "no way into the org: name a Salesforce connection under `platform`, or give `url` and "
        "`auth`",
    )
