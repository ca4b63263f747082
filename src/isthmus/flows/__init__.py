"""The process flows. A flow speaks roles, never vendors, and starts another by event only."""

from isthmus.engine import Flow
from isthmus.flows.amendment_effective import amendment_effective
from isthmus.flows.contract_amendment import contract_amendment
from isthmus.flows.contract_terms import contract_terms
from isthmus.flows.contract_to_invoice import contract_to_invoice
from isthmus.flows.credit_memo import credit_memo
from isthmus.flows.customer_sync import customer_correction, customer_sync
from isthmus.flows.expense_to_finance import expense_to_finance
from isthmus.flows.intercompany import intercompany
from isthmus.flows.invoice_status_back import invoice_number_to_psa, invoice_status_to_crm
from isthmus.flows.milestone_to_invoice import milestone_to_invoice
from isthmus.flows.opportunity_to_project import opportunity_to_project
from isthmus.flows.retention_release import retention_release
from isthmus.flows.revenue_alignment import revenue_alignment
from isthmus.flows.time_to_invoice import time_to_invoice

FLOWS: tuple[Flow, ...] = (
    opportunity_to_project,
    contract_amendment,
    amendment_effective,
    contract_terms,
    customer_sync,
    customer_correction,
    time_to_invoice,
    expense_to_finance,
    milestone_to_invoice,
    retention_release,
    contract_to_invoice,
    revenue_alignment,
    invoice_status_to_crm,
    invoice_number_to_psa,
    credit_memo,
    intercompany,
)
