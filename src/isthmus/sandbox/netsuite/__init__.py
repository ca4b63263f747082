"""A NetSuite account to test against, written from the vendor's documents alone."""

from isthmus.sandbox.netsuite.account import NetSuiteAccount

__all__ = ["NetSuiteAccount"]
