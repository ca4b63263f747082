"""The firm's landscape (`isthmus.yaml`): its companies, systems, roles and policies.

`load` gives a `Landscape` or raises `LandscapeError` with every mistake, each with its line.
"""

from isthmus.landscape.bindings import Binding, RoleAmbiguous, RoleError, RoleUnbound
from isthmus.landscape.connection import OpenedConnection, Poll
from isthmus.landscape.firm import Calendar, Firm, LegalEntity
from isthmus.landscape.load import Reading, check, load
from isthmus.landscape.mistake import LandscapeError, Mistake, report
from isthmus.landscape.model import Landscape
from isthmus.landscape.overrides import AttributeOverlay, OwnershipOverride
from isthmus.landscape.policies import NewCustomer, Policies, RecognisedBy, Revenue, Schedules

__all__ = [
    "AttributeOverlay", "Binding", "Calendar", "Firm", "Landscape", "LandscapeError", "LegalEntity",
    "Mistake", "NewCustomer", "OpenedConnection", "OwnershipOverride", "Policies", "Poll",
    "Reading", "RecognisedBy", "Revenue", "RoleAmbiguous", "RoleError", "RoleUnbound", "Schedules",
    "check", "load", "report",
]  # fmt: skip
