"""A flow orders steps; a step does one thing outside. This is the face that flows are written to.

    @flow(on="opportunity.closed_won")
    async def opportunity_to_project(run: Run) -> None:
        await run.step(check_deal)
        customer_id = await run.step(ensure_customer)
        ...

Each step's result is recorded; after a crash the run goes on at the step it was in. A step may run
twice (the crash may fall between its effect and its record), so every write carries a key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pydantic_core import to_json

from isthmus.connect.quota import Urgency
from isthmus.events.envelope import Event
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.landscape import Landscape
from isthmus.store.database import Transaction

if TYPE_CHECKING:
    from isthmus.engine.engine import Engine
    from isthmus.events.links import Links

BULK_FROM, RECONCILIATION_FROM = 30, 60
RUNS, BATCHES = "runs", "batches"
"""The queues. Runs that move rows by the thousand wait in their own: however many there are, places
are left for what somebody waits for.
"""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Flow:
    """`key` makes the run id from the event, so a repeated event finds the run it started.
    `also` are further types of event that start it.

    `priority`: lower goes first. `owner` is the queue for stops that name no other. The rows of
    runs are kept for good, as their ids recognise a repeat; where the key holds one event or one
    version of a record, which come once, `lasts` may be False.
    """

    name: str
    on: str
    body: Callable[[Run], Awaitable[None]]
    key: Callable[[Event], str]
    priority: int
    owner: str
    accepts: Callable[[Event], bool]
    also: tuple[str, ...] = ()
    lasts: bool = True
    queue: str = RUNS
    earlier: tuple[Callable[[Run], Awaitable[None]], ...] = ()
    """Bodies of versions 1, 2, ... before this one: runs go on by the one they began with."""

    @property
    def recorded_as(self) -> str:
        """What a new run carries: the name, with the version from the second on."""
        return f"{self.name}@{len(self.earlier) + 1}" if self.earlier else self.name

    def body_of(self, version: int) -> Callable[[Run], Awaitable[None]] | None:
        """None: a later release than this one has it."""
        bodies = (*self.earlier, self.body)
        return bodies[version - 1] if version <= len(bodies) else None

    def starts_on(self, event: Event) -> bool:
        return event.type in (self.on, *self.also) and self.accepts(event)

    @property
    def urgency(self) -> Urgency:
        """Of its calls: below 30 it is about what is billed, from 60 on it compares."""
        if self.priority < BULK_FROM:
            return Urgency.INVOICING
        return Urgency.BULK if self.priority < RECONCILIATION_FROM else Urgency.RECONCILIATION

    def run_id(self, event: Event) -> str:
        return f"{self.name}:{self.key(event)}"


def flow(
    *,
    on: str,
    key: Callable[[Event], str] = lambda event: event.subject,
    priority: int = 50,
    owner: str = "integration",
    accepts: Callable[[Event], bool] = lambda event: True,
    also: tuple[str, ...] = (),
    lasts: bool = True,
    queue: str = RUNS,
    earlier: tuple[Callable[[Run], Awaitable[None]], ...] = (),
) -> Callable[[Callable[[Run], Awaitable[None]]], Flow]:
    """Declare a flow, started by events of type `on` or `also` that it `accepts`. Where its steps
    change, the body as it was goes into `earlier`, for the runs that are under way.
    """

    def declare(body: Callable[[Run], Awaitable[None]]) -> Flow:
        return Flow(
            body.__name__, on, body, key, priority, owner, accepts, also, lasts, queue, earlier
        )  # fmt: skip

    return declare


@dataclass
class Stake:
    """What a run keeps from being billed while it is stopped, and what a person would correct."""

    blocks: Money | None = None
    customer: str | None = None
    about: tuple[str, str] | None = None
    progress: str | None = None
    """What the run has changed elsewhere and what it has not, for one that must do all or say."""


@dataclass(frozen=True)
class Step:
    """What a step works with: systems by role, the store, and events of this run's story."""

    run: Run
    name: str

    @property
    def links(self) -> Links:
        """Connected systems: `step.links.erp(legal_entity)`."""
        return self.run.engine.links

    @property
    def landscape(self) -> Landscape:
        return self.run.engine.landscape

    @property
    def event(self) -> Event:
        return self.run.event

    @property
    def subject(self) -> str:
        return self.run.event.subject

    @property
    def idempotency_key(self) -> str:
        return f"{self.run.id}:{self.name}"

    def at_stake(
        self,
        blocks: Money | None,
        customer: str | None,
        about: tuple[str, str],
        *,
        progress: str | None = None,
    ) -> None:
        """Said before a system is called: a hold that its error opens then names client and sum,
        and how far the run has come.
        """
        stake = self.run.stake
        stake.blocks, stake.customer, stake.about = blocks, customer, about
        stake.progress = progress

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with self.run.engine.database.begin() as tx:
            yield tx

    async def emit(
        self, tx: Transaction, type: str, subject: str, data: dict[str, Any] | None = None
    ) -> None:
        """Once, also where a process dies between this transaction and the record of its step, and
        the step is repeated.
        """
        event = self.run.event.caused(type, self.run.flow.name, subject, data or {})
        said = to_json(event.data).decode()
        id = derived_id("event", self.idempotency_key, type, subject, said)
        await self.run.engine.outbox.emit_once(tx, event.model_copy(update={"id": id}))


@dataclass(frozen=True)
class Run:
    id: str
    flow: Flow
    event: Event
    engine: Engine
    stake: Stake = field(default_factory=Stake, compare=False)
    at_hand: dict[str, Any] = field(default_factory=dict, compare=False)
    """What a step has read and the next can use. A run that goes on elsewhere has nothing at hand,
    and reads it again."""

    async def step(
        self,
        function: Callable[Concatenate[Step, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run once and record; a repeat after a crash or replay returns the recorded result."""
        return await self.engine.run_step(self, function, *args, **kwargs)
