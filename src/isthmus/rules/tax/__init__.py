"""Tax: who is taxed where, and what that comes to.

The ledger stays the tax engine of record: it books and files. These rules say what an invoice
will come to before it is there, and why the ledger's figure is another where it is.

* who and where: `registration`, `jurisdiction`, `exemption`, `reverse_charge`
* which tax: `levy`, `category`, `vat_rates`
* what it comes to: `document` is taxed by `assessment` under `conventions`
* afterwards: `withholding`, `comparison`
"""

from isthmus.rules.tax.jurisdiction import (
    EU,
    TaxTreatment,
    is_country,
    jurisdiction,
    needs_registration,
)
from isthmus.rules.tax.registration import (
    Registration,
    check_tax_registration,
    read_tax_registration,
)

__all__ = [
    "EU", "Registration", "TaxTreatment", "check_tax_registration", "is_country", "jurisdiction",
    "needs_registration", "read_tax_registration",
]  # fmt: skip
