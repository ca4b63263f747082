"""The durable engine: a thin face over DBOS. No other module knows DBOS.

One DBOS workflow (`execute`) runs every flow; its id is the run id. Runs wait in queues that are
partitioned by subject, one at a time per subject, so changes of one object keep their order.
"""

from __future__ import annotations

import asyncio
import os
import socket
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig

from isthmus.connect.errors import ConnectError
from isthmus.connect.quota import urgent
from isthmus.engine.dequeue import LOOKS_EVERY, Dequeuer, tell
from isthmus.engine.failover import FailOver
from isthmus.engine.flow import BATCHES, RUNS, Flow, Run, Step
from isthmus.engine.hold import Hold
from isthmus.engine.observer import Observer, Silent
from isthmus.engine.outages import outlast
from isthmus.engine.retry import RetryPolicy, retrying
from isthmus.engine.serializer import TypedJSON, forbid_pickle
from isthmus.engine.stops import hold_for, run_key
from isthmus.engine.tracing import run_span_of, step_span
from isthmus.events.envelope import Event
from isthmus.events.links import Links
from isthmus.events.outbox import Outbox
from isthmus.landscape import Landscape
from isthmus.observe.spans import trace_id
from isthmus.observe.telemetry import Telemetry
from isthmus.store.connecting import driver_url
from isthmus.store.database import Database, Transaction
from isthmus.store.holds import NewHold

APP = "isthmus"
PLACES = {RUNS: 8, BATCHES: 4}
"""Runs that one process works on at a time, by queue; of one with none it takes none."""
VERSION = "1"
"""Of how runs are recorded at all. A flow whose steps change has versions of its own."""
DRAIN_LOOK = 0.02
"""Seconds between two looks at what is still in hand when a process stops."""

P = ParamSpec("P")
T = TypeVar("T")
Body = Callable[[Run], Awaitable[None]]
log = structlog.get_logger()


class Engine:
    """`start` and `stop` bracket the life of a worker; without them it can only enqueue."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        links: Links,
        landscape: Landscape,
        flows: Sequence[Flow],
        *,
        retry: RetryPolicy | None = None,
        observer: Observer | None = None,
        places: Mapping[str, int] = PLACES,
        lease_seconds: float = 10.0,
    ) -> None:
        forbid_pickle()
        self.database, self.outbox, self.links = database, outbox, links
        self.landscape = landscape
        self.flows = {f.name: f for f in flows}
        self.retry = retry or RetryPolicy()
        self.observer = observer or Silent()
        self._places = {queue: number for queue, number in places.items() if number}
        self.telemetry = Telemetry(database)
        """That of the whole process, where it is part of one."""
        self._dbos: DBOS | None = None
        self._dequeuer: Dequeuer | None = None
        self._in_hand: set[asyncio.Task[Any]] = set()
        self.executor_id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.failover = FailOver(database, self.executor_id, lease_seconds)
        self._client: DBOSClient | None = None
        outbox.subscribe(self._dispatch)

    @property
    def client(self) -> DBOSClient:
        if self._client is None:
            self._client = DBOSClient(
                system_database_url=driver_url(self.database.url),
                serializer=TypedJSON(),
                application_name=APP,
            )
        return self._client

    async def prepare(self) -> None:
        """Bring DBOS's own tables to its release; part of `isthmus db upgrade`."""
        await asyncio.to_thread(DBOS.migrate, system_database_url=driver_url(self.database.url))

    async def start(self) -> None:
        """Work on runs in this process, on the running loop."""
        await self.failover.beat()
        self._dbos = DBOS(
            config=DBOSConfig(
                name=APP,
                system_database_url=driver_url(self.database.url),
                application_version=VERSION,
                executor_id=self.executor_id,
                serializer=TypedJSON(),
                sys_db_pool_size=10,
                max_executor_threads=32,
                log_level="CRITICAL",  # a stopped run is a hold, told and logged by us
            )
        )
        self._register()
        DBOS.listen_queues([])  # none by the clock alone
        DBOS.launch()
        for queue, places in self._places.items():
            await DBOS.register_queue_async(
                queue,
                partition_concurrency=1,
                worker_concurrency=places,
                polling_interval_sec=LOOKS_EVERY,
            )
        self._dequeuer = Dequeuer(self.database.url, self._places)
        self._dequeuer.start(self._dbos)
        self.failover.start(self._dbos)

    def _register(self) -> None:
        """DBOS takes functions, not methods; the name is what enqueued rows carry."""

        async def execute(flow: str, run_id: str, event: dict[str, Any]) -> None:
            if (task := asyncio.current_task()) is not None:
                self._in_hand.add(task)
                task.add_done_callback(self._ended)
            await self._workflow(flow, run_id, event)

        DBOS.workflow(name="execute", max_recovery_attempts=100)(execute)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """Its place is free, and so is the next run of its subject."""
        self._in_hand.discard(task)
        if self._dequeuer is not None:
            self._dequeuer.ring()

    async def stop(self, *, drain_seconds: float = 5.0) -> None:
        """Take no more runs, wait for those in hand, and hand what is left to the others.

        It beats until then, so that nobody else begins what it may still end.
        """
        self.failover.retire()
        if self._dequeuer is not None:
            await self._dequeuer.stop()
        await self._drained(drain_seconds)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as aside:
            await loop.run_in_executor(aside, DBOS.destroy)
        # DBOS made its pool the loop's default and has shut it down.
        loop.set_default_executor(ThreadPoolExecutor())
        await self._give_up_in_hand()
        await self.close()
        await self.failover.leave()

    async def _drained(self, seconds: float) -> None:
        """Ask for no more runs, and wait for those in hand. DBOS does so too, by whole seconds."""
        if self._dbos is None:
            return
        for event in self._dbos.background_thread_stop_events:
            event.set()
        for _ in range(int(seconds / DRAIN_LOOK)):
            if not self._dbos._active_workflows_set.activeList():
                break
            await asyncio.sleep(DRAIN_LOOK)
        self._dbos = None

    async def _give_up_in_hand(self) -> None:
        """DBOS records nothing of a task that is cancelled: its run stays at the step it was in."""
        tasks = [task for task in self._in_hand if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks:
            log.info("runs.handed_over", runs=len(tasks))

    async def close(self) -> None:
        if self._client is not None:
            await asyncio.to_thread(self._client.destroy)
            self._client = None

    async def _dispatch(self, tx: Transaction, event: Event) -> None:
        for flow in self.flows.values():
            if flow.starts_on(event):
                await self._enqueue(tx, flow, event)

    async def _enqueue(self, tx: Transaction, flow: Flow, event: Event) -> None:
        run_id = flow.run_id(event)
        added = await tx.runs.add(
            run_id, flow=flow.name, subject=event.subject, event_id=event.id,
            correlation_id=event.correlation_id, priority=flow.priority,
        )  # fmt: skip
        if not added:
            return
        options: Any = {
            "queue_name": flow.queue,
            "workflow_name": "execute",
            "workflow_id": run_id,
            "app_version": VERSION,
            "queue_partition_key": event.subject,
            "priority": flow.priority,
        }
        client = self.client
        await tx.connection.run_sync(
            lambda connection: client.enqueue_in_transaction(
                connection, options, flow.recorded_as, run_id, event.model_dump(mode="json")
            )
        )
        await tell(tx)

    def _body(self, recorded_as: str) -> tuple[Flow, Body] | None:
        name, _, version = recorded_as.partition("@")
        flow = self.flows.get(name)
        body = flow.body_of(int(version or 1)) if flow is not None else None
        return None if flow is None or body is None else (flow, body)

    async def _workflow(self, recorded_as: str, run_id: str, event: dict[str, Any]) -> None:
        found = self._body(recorded_as)
        if found is None:
            # A later release began it, which goes on with it when this process is replaced.
            log.warning("run.unknown_here", run=run_id, flow=recorded_as)
            await asyncio.Event().wait()
            return
        flow, body = found
        run = Run(run_id, flow, Event.model_validate(event), self)
        with (
            structlog.contextvars.bound_contextvars(
                run=run_id,
                correlation_id=run.event.correlation_id,
                trace_id=trace_id(run.event.correlation_id),
            ),
            run_span_of(self.telemetry, run),
        ):
            await outlast(self.database, lambda: self._began(run_id))
            try:
                with urgent(run.flow.urgency):
                    await body(run)
            except (Hold, ConnectError) as stop:
                await self._stopped(run, stop)
                raise
            except Exception as failure:  # the edge of the engine: a defect is a dead letter
                await self._stopped(run, failure)
                raise
            await outlast(self.database, lambda: self._succeeded(run_id))

    async def _began(self, run_id: str) -> None:
        async with self.database.begin() as tx:
            await tx.runs.started(run_id)

    async def _succeeded(self, run_id: str) -> None:
        async with self.database.begin() as tx:
            await tx.runs.finished(run_id, "succeeded")
            await tx.holds.resolve(run_key(run_id), "succeeded", "isthmus")

    async def _stopped(self, run: Run, cause: Exception) -> None:
        hold = hold_for(run, cause)
        number = await outlast(self.database, lambda: self._held(run.id, hold))
        log.warning("run.stopped", hold=f"H-{number}", state=hold.state, code=hold.code)
        if hold.code == "defect":
            log.error("run.defect", trace="".join(traceback.format_exception(cause)))

    async def _held(self, run_id: str, hold: NewHold) -> int:
        async with self.database.begin() as tx:
            number = await tx.holds.open(hold)
            await tx.runs.finished(run_id, hold.state)
        return number

    async def run_step(
        self,
        run: Run,
        function: Callable[Concatenate[Step, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        name: str = function.__name__
        step = Step(run, name)

        async def once() -> T:
            self.observer.before(run, name)
            with step_span(self.telemetry, run, name):
                result = await outlast(
                    self.database,
                    lambda: retrying(self.retry, lambda: function(step, *args, **kwargs)),
                )
            self.observer.after(run, name)
            return result

        return await DBOS.run_step_async({"name": name}, once)
