"""Invoice -> Isthmus_Invoice__c, the custom object that shows sales what the ledger has."""

from __future__ import annotations

from typing import Any

from isthmus.canonical import Invoice
from isthmus.connect import Capability, Outgoing
from isthmus.platforms.salesforce import SObject


class Invoices(SObject):
    model = Invoice
    package = "isthmus.connectors.salesforce"
    mapping_name = "invoice"
    capability = Capability(reads=True, writes=True, finds_by=("number", "customer"), batch=200)
    days = ("Issued_On__c", "Issued_On__c")

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        """A draft has no number yet; our reference stands in, so that people can find it."""
        record, invoice = super().record(outgoing), outgoing.obj
        assert isinstance(invoice, Invoice)
        if invoice.number is None and outgoing.only is None:
            record["Name"] = invoice.reference
        return record
