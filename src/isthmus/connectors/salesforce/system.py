"""Opens the CRM connection: the org's transport and the objects that sales works with."""

from isthmus.connect import ConnectionContext
from isthmus.connectors.salesforce.config import SalesforceConfig
from isthmus.connectors.salesforce.customer import Accounts
from isthmus.connectors.salesforce.invoice import Invoices
from isthmus.connectors.salesforce.opportunity import Opportunities
from isthmus.connectors.salesforce.webhook import PUSHED
from isthmus.platforms.salesforce import OutboundMessages, SalesforceSystem, open_transport

OBJECTS = (Accounts, Opportunities, Invoices)


def open_system(context: ConnectionContext, config: SalesforceConfig) -> SalesforceSystem:
    transport = open_transport(context.name, config, context.gate)
    return SalesforceSystem(
        context.name,
        transport,
        [kind(transport, context.overlays) for kind in OBJECTS],
        OutboundMessages(transport, config.organization_id, PUSHED),
    )
