"""The book of billing cases that the adapters of this package fill."""

from tests.finance.case_file import CaseBook

BILLING = CaseBook("billing_cases")
