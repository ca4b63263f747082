"""What people do in the systems during a round; each act is written down before it is done."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from chaos.firm import Week
from chaos.sent import SentDeal, SentHold, SentHour, SentLog
from chaos.settle import NotSettled
from chaos.site import Site
from chaos.submit import Submitter
from chaos.work import Card, as_entries
from isthmus.demo.deals import Deal
from isthmus.demo.delivery import DAYS, Delivery
from isthmus.demo.errors import DemoError
from isthmus.demo.firm import Firm

CENT = Decimal("0.01")


class Desk:
    """`opened` are the deals that can be worked on, in the order in which they were won."""

    def __init__(self, site: Site, firm: Firm) -> None:
        self._site, self.firm = site, firm
        self.log = SentLog(site.sent)
        self.submitter = Submitter(site.api)
        self.opened: list[str] = []

    @property
    def _delivery(self) -> Delivery:
        return Delivery(self._site.org, self.firm)

    @property
    def staffed(self) -> int:
        """How many assignments there are on what was opened."""
        return sum(1 for a in self.firm.assignments if a.deal in self.opened)

    async def write_deals(self, firm: Firm, deals: Sequence[Deal]) -> None:
        """New clients and deals come into the pipeline."""
        self.firm = firm
        await self._site.org.open_for_business(firm)
        for deal in deals:
            opens = not deal.is_defective
            order = deal.purchase_order or ""
            self.log.deal(SentDeal(deal.name, deal.client, deal.currency, order, opens))
            if not opens:
                self.log.hold(SentHold("opportunity", deal.name, "billing_model_missing", "pmo"))

    async def win(self, deal: Deal) -> None:
        await self._site.org.win([deal])

    async def staff(self, deals: Sequence[Deal]) -> None:
        """The project office puts people on what was opened."""
        opened = [deal for deal in deals if not deal.is_defective]
        await self._delivery.staff(opened)
        self.opened += [deal.name for deal in opened]

    async def hand_in(self, cards: Sequence[Card]) -> None:
        """Weekly timecards, handed in and approved in the PSA."""
        for card in cards:
            for hour in card.sent(self.firm):
                self.log.hour(hour)
        await self._delivery.log([card.timecard for card in cards])
        ids = await self._card_ids()
        for card in cards:
            if card.fate == "held":
                for day, _ in card.timecard.days():
                    id = f"{ids[card.key]}:{day.isoformat()}"
                    self.log.hold(SentHold("time_entry", id, "phase_closed", "pmo"))
        await self._delivery.approve([card.timecard for card in cards])

    async def _card_ids(self) -> dict[Any, str]:
        """(deal, person, first day) -> timecard."""
        deals = {project: deal for deal, project in (await self._delivery.projects()).items()}
        rows = await self._site.controls["salesforce"].rows("Contact")
        people = {row["Id"]: row.get("Employee_Number__c") for row in rows}
        return await self._site.org.ids(
            "pse__Timecard_Header__c",
            lambda r: (
                deals[r["pse__Project__c"]],
                people[r["pse__Resource__c"]],
                r["pse__Start_Date__c"],
            ),
        )

    async def entries(self, cards: Sequence[Card]) -> list[dict[str, Any]]:
        org = self._site.org
        ids = {
            "cards": await self._card_ids(),
            "assignments": await self._delivery.assignments(),
            "people": await org.ids("Contact", lambda r: r.get("Employee_Number__c")),
            "phases": await org.ids(
                "pse__Project_Phase__c", lambda r: (r["pse__Project__c"], r["Name"])
            ),
        }
        projects = await self._delivery.projects()
        return [
            entry
            for card in cards
            for entry in as_entries(card, self.firm, ids, projects[card.timecard.deal])
        ]

    async def submit(self, key: str, cards: Sequence[Card]) -> None:
        """Sent twice under one key and once more under another, as a nervous caller would."""
        entries = await self.entries(cards)
        first = await self.submitter.submit(key, entries)
        again = await self.submitter.submit(key, entries)
        if first != again:
            raise NotSettled(f"the key {key} was answered in two ways: {first} and {again}")
        await self.submitter.submit(f"{key} once more", entries)

    async def submit_unusable(self, key: str, round_: int) -> None:
        """An entry of a project that nobody knows."""
        id = f"unknown-{round_}"
        self.log.hold(SentHold("time_entry", id, "unusable", "pmo"))
        [person] = (await self._people())[:1]
        await self.submitter.submit(
            key,
            [{"external_id": id, "resource": person, "project": "a0X000000000000AAA",
              "worked_on": "2026-07-06", "hours": "8", "currency": "EUR",
              "approval": "approved"}],
        )  # fmt: skip

    async def _people(self) -> list[str]:
        ids = await self._site.org.ids("Contact", lambda r: r.get("Employee_Number__c"))
        return list(ids.values())

    async def change(self, card: Card, day: date, hours: Decimal, key: str) -> Card:
        """The project office corrects a day; a caller of the API sends the corrected card too."""
        changed = card.with_hours(day, hours)
        for hour in changed.sent(self.firm):
            if hour.day == day:
                self.log.hour(hour)
        await self._edit((await self._card_ids())[card.key], day, hours)
        if card.submitted:
            await self.submitter.submit(key, await self.entries([changed]))
        return changed

    async def change_billed(self, hour: SentHour, week: Week, hours: Decimal) -> None:
        """A day that is on an invoice already: finance has to decide."""
        card = (await self._card_ids())[hour.deal, hour.person, week.monday.isoformat()]
        id = f"{card}:{hour.day.isoformat()}"
        self.log.hold(SentHold("time_entry", id, "changed_after_invoicing", "finance"))
        await self._edit(card, hour.day, hours)

    async def _edit(self, card: str, day: date, hours: Decimal) -> None:
        row = {
            "Id": card, f"pse__{DAYS[day.weekday()]}_Hours__c": hours,
            "pse__Admin_Global_Edit__c": True, "pse__Audit_Notes__c": "corrected",
        }  # fmt: skip
        await self._site.org.update("pse__Timecard_Header__c", [row])

    async def bill(self, week: Week) -> None:
        """Asked for until the command says that it was taken up."""
        self.log.billed(week.number, week.friday)
        while await self._site.processes.run("bill", "--up-to", week.friday.isoformat()):
            continue

    async def pay(self, key: str, receipt: str, amount: Decimal, on: date) -> None:
        """Booked once the period is open again, where the round has closed it."""
        self.log.paid(key, amount)
        while True:
            try:
                return await self._site.clerk.pay(key, receipt, amount, on)
            except DemoError as refused:
                if "is locked" not in str(refused):
                    raise
            await asyncio.sleep(0.5)


def parts(total: Decimal, dice: random.Random) -> list[Decimal]:
    """How a client pays: at once, in two parts, or a third of it for now."""
    half = (total / 2).quantize(CENT, ROUND_HALF_UP)
    third = (total / 3).quantize(CENT, ROUND_HALF_UP)
    return dice.choice([[total], [half, total - half], [third], []])
