"""Task <-> pse__Project_Task__c."""

from typing import Any

from isthmus.canonical import Task
from isthmus.connect import Capability, Outgoing
from isthmus.connectors.certinia.wire import PACKAGE, PROJECT_IS_REAL
from isthmus.platforms.salesforce import SObject


class Tasks(SObject):
    model = Task
    package = PACKAGE
    mapping_name = "task"
    capability = Capability(reads=True, writes=True, finds_by=("project", "name"), batch=200)
    where = PROJECT_IS_REAL

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        record, task = super().record(outgoing), outgoing.obj
        assert isinstance(task, Task)
        if outgoing.only is None or "accepts_time" in outgoing.only:
            record["pse__Closed_for_Time_Entry__c"] = not task.accepts_time
        return record
