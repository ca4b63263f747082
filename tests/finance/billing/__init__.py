"""Adapters of the billing cases, one file per area; importing the package fills the book."""

import importlib
import pkgutil

from tests.finance.billing.book import BILLING

for module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(module.name)

__all__ = ["BILLING"]
