"""Which Outbound Messages of the org are the PSA's."""

from isthmus.canonical import Milestone, Project
from isthmus.platforms.salesforce import Pushed

PUSHED = {
    "pse__Proj__c": Pushed(Project),
    "pse__Milestone__c": Pushed(Milestone),
}
