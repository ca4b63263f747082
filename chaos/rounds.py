"""One round after another on one site: a burst of work, faults meanwhile, healing, the check."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from chaos.check import Broken
from chaos.desk import Desk, parts
from chaos.faults import BY_NAME, Strike, healed
from chaos.firm import Week, first_firm, further_periods, grown
from chaos.follow import Follower
from chaos.plan import BURST, strikes_of
from chaos.sent import BILLED, SentHour, read_sent
from chaos.settle import NotSettled, Settling
from chaos.site import WORKERS, Site
from chaos.work import Card, cards_of
from isthmus.demo.deals import Deal
from isthmus.demo.timesheets import DISCOVERY_ENDS

LOTS = 3
LOOK = 0.1
"""Seconds between two looks at what is under way."""
SLOWEST = 600.0
"""Seconds after which a burst that does not end is a failure by itself."""


@dataclass
class Outcome:
    """What a round came to; `struck` counts (fault, column of the report)."""

    number: int
    strikes: Counter[str] = field(default_factory=Counter)
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: Sequence[Broken] = ()
    seconds: float = 0.0
    settling: float = 0.0


class Rounds:
    def __init__(self, site: Site, seed: int) -> None:
        self._site, self.seed = site, seed
        self._desk = Desk(site, first_firm())
        self._follower = Follower(site.api)
        self.settling = Settling(site, self._follower)
        self._sent_all = asyncio.Event()

    async def open(self) -> None:
        """Before the first round, and without a fault: some deals are under way, their first week
        is billed, their second is worked.
        """
        site, dice = self._site, random.Random(f"{self.seed}:opening")
        await site.clerk.seed(self._desk.firm)
        await site.controls["netsuite"].post("seed", {"accountingPeriod": further_periods(2027)})
        firm, deals = grown(self._desk.firm, 0, dice)
        await self._desk.write_deals(firm, deals)
        await site.org.send_messages_to(f"{site.api}/webhooks/salesforce")
        site.processes.keep("api", "api")
        await self.settling.until("the API to answer", self._answers)
        for name in WORKERS:
            site.processes.keep(name, "worker")
        for deal in deals:
            await self._desk.win(deal)
        await self._known(deals)
        for number in (0, 1):
            week = Week(number)
            await self._desk.hand_in(cards_of(firm, self._desk.opened, week, dice))
            await self.settling.ensured(f"the hours of week {number}")
            if number == 0:
                await self._desk.bill(week)
                await self.settling.ensured("the first invoices")

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._site.api_port)
        except OSError:
            return False
        writer.close()
        return True

    async def follow(self) -> None:
        await self._follower.run()

    async def close(self, last: int) -> Sequence[Broken]:
        """The last week's invoices, without a fault; what is broken after them."""
        await self._desk.bill(Week(last + 1))
        return await self.settling.settled()

    async def _known(self, deals: Sequence[Deal]) -> None:
        """The project office staffs what was opened, and Isthmus has read it."""
        await self.settling.until("the projects to be opened", lambda: self.settling.opened(deals))
        await self._desk.staff(deals)
        projects, staff = len(self._desk.opened), self._desk.staffed
        product = self._site.product

        async def read() -> bool:
            ended = f"data->>'ends_on' = '{DISCOVERY_ENDS}'"
            return (
                product.number_of("assignment") == staff
                and product.number_of("project", "data->>'profit_centre' is not null") == projects
                and product.number_of("phase", ended) == projects
            )

        await self.settling.until("the staffing to be read", read)

    async def play(self, number: int) -> Outcome:
        began, outcome = time.monotonic(), Outcome(number)
        dice = random.Random(f"{self.seed}:{number}")
        firm, deals = grown(self._desk.firm, number, dice)
        await self._desk.write_deals(firm, deals)
        strikes = strikes_of(self.seed, number, Week(number).friday)
        try:
            async with healed(self._site), asyncio.timeout(SLOWEST):
                self._sent_all.clear()
                striking = [self._strike(strike, outcome) for strike in strikes]
                await asyncio.gather(self._send(self._burst(number, deals, dice)), *striking)
        except TimeoutError as error:
            raise NotSettled(f"round {number}: not all was sent in {SLOWEST:.0f} s") from error
        healed_at = time.monotonic()
        outcome.broken = await self.settling.settled()
        outcome.settling = time.monotonic() - healed_at
        if not outcome.broken:
            await self._known(deals)
        outcome.seconds = time.monotonic() - began
        return outcome

    async def _send(self, acts: Sequence[Awaitable[None]]) -> None:
        await asyncio.gather(*acts)
        self._sent_all.set()

    async def _strike(self, strike: Strike, outcome: Outcome) -> None:
        await asyncio.sleep(strike.at)
        await self._work_of(strike.flow)
        seen = set(self._site.product.in_flight())
        looking = asyncio.create_task(self._watch(seen))
        struck = await BY_NAME[strike.fault].act(self._site, strike)
        looking.cancel()
        outcome.strikes[strike.fault] += struck
        for flow in seen:
            outcome.struck[strike.fault, flow] += struck

    async def _work_of(self, flow: str) -> None:
        """Until the flow has work under way, or nothing is left that could become work of it."""
        while flow not in self._site.product.in_flight():
            if self._sent_all.is_set() and await self.settling.is_quiet():
                return
            await asyncio.sleep(LOOK)

    async def _watch(self, seen: set[str]) -> None:
        while True:
            seen |= self._site.product.in_flight()
            await asyncio.sleep(LOOK)

    def _burst(
        self, number: int, deals: Sequence[Deal], dice: random.Random
    ) -> list[Awaitable[None]]:
        """Work of all flows, each piece at its moment."""

        def moment(until: float = BURST - 2) -> float:
            return dice.uniform(0, until)

        desk, week = self._desk, Week(number + 1)
        cards = cards_of(desk.firm, desk.opened, week, dice)
        lots = [cards[n::LOTS] for n in range(LOTS)]
        late = dice.choice(self._billed(number - 1))
        return [
            *(_later(moment(), partial(desk.win, deal)) for deal in deals),
            *(
                _later(moment(BURST / 2), self._lot(f"{number}.{n}", lot, random.Random(moment())))
                for n, lot in enumerate(lots)
            ),
            _later(moment(), lambda: desk.submit_unusable(f"unusable {number}", number)),
            _later(moment(BURST / 2), lambda: desk.bill(Week(number))),
            _later(moment(), lambda: self._pay(number - 1, random.Random(moment()))),
            _later(
                moment(),
                lambda: desk.change_billed(late, Week(number - 1), late.hours + Decimal("0.25")),
            ),
        ]

    def _billed(self, week: int) -> list[SentHour]:
        hours = read_sent(self._site.sent).hours.values()
        return [hour for hour in hours if hour.week == week and hour.fate == BILLED]

    def _lot(
        self, key: str, cards: Sequence[Card], dice: random.Random
    ) -> Callable[[], Awaitable[None]]:
        """Handed in, submitted, and two of them corrected: one once, one twice."""

        async def handled() -> None:
            await self._desk.hand_in(cards)
            await self._desk.submit(key, [card for card in cards if card.submitted])
            good = [card for card in cards if card.fate == BILLED]
            for times, card in enumerate(good[:2], 1):
                for n in range(times):
                    await asyncio.sleep(dice.uniform(0, 1.5))
                    day, hours = dice.choice(card.week.days), Decimal(dice.randrange(2, 33)) / 4
                    card = await self._desk.change(card, day, hours, f"{key} change {times}.{n}")

        return handled

    async def _pay(self, week: int, dice: random.Random) -> None:
        """Clients pay what was invoiced for a week, each in its own way."""
        on = Week(week).friday
        due = [i for i in await self._site.clerk.invoices() if i.issued_on == on]
        for invoice in sorted(due, key=lambda i: (i.customer, i.total, i.key)):
            for n, part in enumerate(parts(invoice.total, dice)):
                await self._desk.pay(invoice.key, f"{invoice.key}-{n}", part, on)
                await asyncio.sleep(dice.uniform(0, 1))


async def _later(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await act()
