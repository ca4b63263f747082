"""Which Outbound Messages mean what. A line or a contact names the record that it is part of."""

from isthmus.canonical import Customer, Opportunity
from isthmus.platforms.salesforce import Pushed

PUSHED = {
    "Account": Pushed(Customer),
    "Contact": Pushed(Customer, "AccountId"),
    "Opportunity": Pushed(Opportunity),
    "OpportunityLineItem": Pushed(Opportunity, "OpportunityId"),
}
