"""A simulated Salesforce org with the Certinia PSA package, written from the vendors' documents."""

from isthmus.sandbox.salesforce.app import SalesforceOrg

__all__ = ["SalesforceOrg"]
