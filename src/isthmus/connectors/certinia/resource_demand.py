"""ResourceDemand -> pse__Resource_Request__c; staffing fills it, and its status is read back."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.canonical import ResourceDemand
from isthmus.connect import Capability
from isthmus.connectors.certinia.wire import PACKAGE
from isthmus.platforms.salesforce import SObject


class ResourceDemands(SObject):
    """The role goes into a text field of ours: the package's is a picklist of each org's own."""

    model = ResourceDemand
    package = PACKAGE
    mapping_name = "resource_demand"
    capability = Capability(reads=True, writes=True, finds_by=("project",), batch=200)
    on_create: ClassVar[Mapping[str, Any]] = {"pse__Status__c": "Ready to Staff"}
    read_back = True
