"""The durable engine: a thin face over DBOS. No other module knows DBOS.

One DBOS workflow (`execute`) runs every flow; its id is the run id. Runs wait in one queue that is
partitioned by subject, one at a time per subject, so changes of one object keep their order.
"""

from __future__ import annotations

import asyncio
import os
import socket
import traceback
import uuid
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig

from isthmus.connect.errors import ConnectError
from isthmus.connect.quota import urgent
from isthmus.engine.failover import FailOver
from isthmus.engine.flow import Flow, Run, Step
from isthmus.engine.hold import Hold
from isthmus.engine.outages import outlast
from isthmus.engine.retry import RetryPolicy, retrying
from isthmus.engine.serializer import TypedJSON, forbid_pickle
from isthmus.engine.stops import hold_for, run_key
from isthmus.events.envelope import Event
from isthmus.events.links import Links
from isthmus.events.outbox import Outbox
from isthmus.landscape import Landscape
from isthmus.store.database import Database, Transaction, driver_url
from isthmus.store.holds import NewHold

APP = "isthmus"
VERSION = "1"
"""Version of recorded runs; changes only with a flow change that old runs cannot follow."""
QUEUE = "runs"

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger()


class Observer(Protocol):
    """Told of each step's start and end; crash tests and tracing hang here."""

    def before(self, run: Run, step: str) -> None: ...

    def after(self, run: Run, step: str) -> None: ...


class _Silent:
    def before(self, run: Run, step: str) -> None:
        pass

    def after(self, run: Run, step: str) -> None:
        pass


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
        concurrency: int = 8,
        lease_seconds: float = 10.0,
    ) -> None:
        forbid_pickle()
        self.database, self.outbox, self.links = database, outbox, links
        self.landscape = landscape
        self.flows = {f.name: f for f in flows}
        self.retry = retry or RetryPolicy()
        self.observer = observer or _Silent()
        self.concurrency = concurrency
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

    async def start(self, *, polling_seconds: float = 0.1) -> None:
        """Work on runs in this process, on the running loop."""
        await self.failover.beat()
        DBOS(
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
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            partition_concurrency=1,
            worker_concurrency=self.concurrency,
            polling_interval_sec=polling_seconds,
        )
        self.failover.start()

    def _register(self) -> None:
        """DBOS takes functions, not methods; the name is what enqueued rows carry."""

        async def execute(flow: str, run_id: str, event: dict[str, Any]) -> None:
            await self._workflow(flow, run_id, event)

        DBOS.workflow(name="execute", max_recovery_attempts=100)(execute)

    async def stop(self, *, drain_seconds: int = 5) -> None:
        """Stop taking runs, wait for those in hand, hand the rest to the others."""
        await self.failover.leave()
        await self.close()
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as aside:
            await loop.run_in_executor(
                aside, partial(DBOS.destroy, workflow_completion_timeout_sec=drain_seconds)
            )
        # DBOS made its pool the loop's default and has shut it down.
        loop.set_default_executor(ThreadPoolExecutor())

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
            "queue_name": QUEUE,
            "workflow_name": "execute",
            "workflow_id": run_id,
            "app_version": VERSION,
            "queue_partition_key": event.subject,
            "priority": flow.priority,
        }
        client = self.client
        await tx.connection.run_sync(
            lambda connection: client.enqueue_in_transaction(
                connection, options, flow.name, run_id, event.model_dump(mode="json")
            )
        )

    async def _workflow(self, flow_name: str, run_id: str, event: dict[str, Any]) -> None:
        run = Run(run_id, self.flows[flow_name], Event.model_validate(event), self)
        with structlog.contextvars.bound_contextvars(
            run=run_id, correlation_id=run.event.correlation_id
        ):
            await outlast(self.database, lambda: self._began(run_id))
            try:
                with urgent(run.flow.urgency):
                    await run.flow.body(run)
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
        log.warning("run.stopped", hold=f"H-{number}", state=hold.state, reason=hold.reason)
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
            result = await outlast(
                self.database,
                lambda: retrying(self.retry, lambda: function(step, *args, **kwargs)),
            )
            self.observer.after(run, name)
            return result

        return await DBOS.run_step_async({"name": name}, once)
