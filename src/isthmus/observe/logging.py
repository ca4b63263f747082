"""Structured logs: one line per decision or failure, with the story's correlation id."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog


def configure_logging(
    level: str, form: Literal["json", "console"], stream: TextIO | None = None
) -> None:
    """Set up once per process. JSON for collectors, key=value with colours for people.

    `stream` is the error stream where none is given.
    """
    stream = stream or sys.stderr
    render: structlog.types.Processor
    if form == "json":
        render = structlog.processors.JSONRenderer()
    else:
        render = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=stream)
    for noisy in ("httpx2", "dbos", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
