"""NetSuite `billingSchedule`: the days and amounts of a fixed fee, hung on the contract's `job`.

Written, not read, and only for contracts with instalments. Oracle publishes that the record exists
and not its fields over REST; those used here are unverified (README).
"""

from __future__ import annotations

from typing import Any, ClassVar

from isthmus.canonical import CanonicalObject, Contract
from isthmus.canonical.contract import Instalment
from isthmus.connect import Outgoing, Receipt
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Desk
from isthmus.connectors.netsuite.writing import known_record, missing, store

RECORD = "billingSchedule"
LINES = "recurrence"


class Contracts:
    model: ClassVar[type[CanonicalObject]] = Contract

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def put(self, outgoing: Outgoing) -> Receipt:
        """The lines are replaced as a whole: the same contract makes the same schedule."""
        contract: Contract = outgoing.obj  # type: ignore[assignment] # dispatched by model
        if contract.project is None or not contract.instalments:
            raise missing(
                self._desk, RECORD, LINES,
                f"contract {contract.number} has no project here, or no instalments",
                "Hand the deal over first; only a fixed fee is billed by schedule.",
            )  # fmt: skip
        known = await known_record(self._desk, RECORD, outgoing)
        body = self._body(contract)
        schedule = await store(self._desk, RECORD, outgoing, body, known, replace=(LINES,))
        await self._desk.client.patch(
            "job", wire.number(contract.project), {RECORD: wire.ref(schedule)}
        )
        return Receipt(schedule, known is None)

    def _body(self, contract: Contract) -> dict[str, Any]:
        return {
            "name": contract.number,
            "isPublic": False,
            "project": wire.ref(contract.project),
            LINES: {"items": [_line(n, i) for n, i in enumerate(contract.instalments, 1)]},
        }


def _line(number: int, instalment: Instalment) -> dict[str, Any]:
    return wire.without_nulls(
        {
            "recurrenceId": number,
            "recurrenceDate": instalment.due_on.isoformat() if instalment.due_on else None,
            "amount": instalment.amount.amount,
            "memo": instalment.description,
        }
    )
