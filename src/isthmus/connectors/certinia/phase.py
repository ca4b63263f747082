"""Phase <-> pse__Project_Phase__c: an object of its own, not the picklist of like name."""

from isthmus.canonical import Phase
from isthmus.connect import Capability
from isthmus.connectors.certinia.wire import PACKAGE, PROJECT_IS_REAL
from isthmus.platforms.salesforce import SObject


class Phases(SObject):
    model = Phase
    package = PACKAGE
    mapping_name = "phase"
    capability = Capability(reads=True, writes=True, finds_by=("project", "name"), batch=200)
    where = PROJECT_IS_REAL
