"""`up`, `worker`, `api`: the processes of an installation."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import say
from isthmus.cli.problem import Problem
from isthmus.cli.session import Session, act, session

if TYPE_CHECKING:
    from isthmus.app import App
    from isthmus.settings import Settings

Landscape = Annotated[Path | None, typer.Option(help="Landscape file.")]
Port = Annotated[int | None, typer.Option(help="Port of the API, instead of ISTHMUS_PORT.")]


def up(context: typer.Context, landscape: Landscape = None, port: Port = None) -> None:
    """Run everything in one process: the API, the worker and the readers of every system."""
    act(_serve(_settings(session(context), landscape, port), listens=True, works=True))


def worker(context: typer.Context, landscape: Landscape = None) -> None:
    """Run flows and read the systems, without the API. Any number of them share the work."""
    act(_serve(_settings(session(context), landscape, None), listens=False, works=True))


def api(context: typer.Context, landscape: Landscape = None, port: Port = None) -> None:
    """Take webhooks and answer questions; the work is left to `isthmus worker`."""
    act(_serve(_settings(session(context), landscape, port), listens=True, works=False))


COMMANDS = {"up": up, "worker": worker, "api": api}


def _settings(session: Session, landscape: Path | None, port: int | None) -> Settings:
    chosen = {"landscape": landscape, "port": port}
    changed = {k: v for k, v in chosen.items() if v is not None}
    return session.with_landscape(session.settings).model_copy(update=changed)


async def _serve(settings: Settings, *, listens: bool, works: bool) -> None:
    from isthmus.app import App
    from isthmus.installed import load_landscape
    from isthmus.observe.logging import configure_logging

    configure_logging(settings.log_level, settings.log_format)
    landscape = load_landscape(settings.landscape)
    if listens:
        _ensure_free(settings)
    async with AsyncExitStack() as stack:
        app = await App.open(settings, landscape)
        stack.push_async_callback(app.close)
        await app.start(worker=works, readers=works)
        if listens and landscape.access.local_accounts and not _is_loopback(settings.host):
            await _tell_first(app)
        where = await _listening(stack, app) if listens else "no API here"
        _leave_alone()
        say(f"isthmus is up: {where} · systems {', '.join(app.readers)} · Ctrl-C stops it")
        await until_stopped()


async def _listening(stack: AsyncExitStack, app: App) -> str:
    """Where. A worker never needs the API's modules, so it does not load them: 26 MB."""
    from isthmus.api.server import serving

    return await stack.enter_async_context(serving(app))


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


async def _tell_first(app: App) -> None:
    """Others can reach the console, so somebody must be able to log in."""
    from isthmus.access.accounts import FIRST, first_person

    password = await first_person(app.database, "isthmus")
    if password is not None:
        say(f"log in once as {FIRST} with {password} and then choose another password")


NEW_OBJECTS = 200_000
"""Between two looks for circles among new objects. Rows by the thousand have none, and Python looks
at 700 of its own accord: a third of a worker's processor time went there."""


def _leave_alone() -> None:
    """What is there when the work begins stays: the collector does not walk through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)


def _ensure_free(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Problem(
                f"Port {settings.port} of {settings.host} cannot be listened on.",
                str(error.strerror or error),
                "Stop what listens there, or choose another port with --port or ISTHMUS_PORT.",
            ) from error


async def until_stopped() -> None:
    """Ctrl-C, or SIGTERM from whoever supervises the process."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
