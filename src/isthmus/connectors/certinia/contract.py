"""Contract -> pse__Budget__c: what is sold on a project, one row for the contract and one for each
amendment that changes its value.

A budget that is approved and in financials counts as booked and refuses edits, so a row that is
there is never written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from isthmus.canonical import Contract
from isthmus.connect import Capability, ConnectError, FieldProblem, Invalid, Outgoing, Receipt
from isthmus.connectors.certinia.wire import PACKAGE
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.platforms.salesforce import KEY, SObject
from isthmus.platforms.salesforce.saving import save
from isthmus.platforms.salesforce.sobject import our_key

ORDER = "Customer Purchase Order"
CHANGE = "Customer Purchase Order Change Request"
APPROVED = {
    "pse__Status__c": "Approved",
    "pse__Approved__c": True,
    "pse__Include_In_Financials__c": True,
}


class Contracts(SObject):
    model = Contract
    package = PACKAGE
    mapping_name = "contract"
    capability = Capability(writes=True)
    on_create: ClassVar[Mapping[str, Any]] = APPROVED

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        return [await self._put(outgoing) for outgoing in batch]

    async def _put(self, outgoing: Outgoing) -> Receipt | ConnectError:
        contract = outgoing.obj
        assert isinstance(contract, Contract)
        if contract.project is None:
            return self._without_project(contract)
        records = list(self._budgets(outgoing, contract))
        for record in records:
            self._check_currency(record)
        present = await self.keys_present([r[KEY] for r in records])
        missing = [{**r, **self.on_create} for r in records if r[KEY] not in present]
        made: dict[str, str] = {}
        saved = await save(self.transport, self.mapping.object, KEY, missing)
        for record, result in zip(missing, saved, strict=True):
            if isinstance(result, ConnectError):
                return result
            made[record[KEY]] = result.id
        first = records[0][KEY]
        return Receipt({**present, **made}[first], created=first in made)

    def _budgets(self, outgoing: Outgoing, contract: Contract) -> Iterator[dict[str, Any]]:
        yield self._budget(
            outgoing, contract.id, contract.number, ORDER, contract.starts_on,
            contract.value or Money.zero(contract.currency), contract.opportunity,
        )  # fmt: skip
        for amendment in contract.amendments:
            if amendment.value_change:
                yield self._budget(
                    outgoing, derived_id(contract.id, "budget", str(amendment.number)),
                    f"{contract.number} amendment {amendment.number}", CHANGE,
                    amendment.effective_on, amendment.value_change, amendment.opportunity,
                )  # fmt: skip

    def _budget(
        self,
        outgoing: Outgoing,
        key: str,
        name: str,
        kind: str,
        day: date,
        amount: Money,
        deal: str | None,
    ) -> dict[str, Any]:
        """A deal of another org has no Id here, but our own one, and is not named."""
        return {
            KEY: key,
            **self.record(outgoing),
            "Name": name,
            "pse__Type__c": kind,
            "pse__Effective_Date__c": day,
            "pse__Amount__c": amount.amount,
            "CurrencyIsoCode": amount.currency,
            "pse__Opportunity__c": None if our_key(deal) else deal,
        }

    def _without_project(self, contract: Contract) -> Invalid:
        problem = FieldProblem(
            self.mapping.object, "pse__Project__c", None,
            f"contract {contract.number} has no project here",
            "Hand the deal over first: the project is made with it.",
        )  # fmt: skip
        return Invalid(self.system, "a budget belongs to a project", fields=(problem,))
