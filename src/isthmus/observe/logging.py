"""Structured logs: one line per decision or failure, with the story's correlation id.

No secret and no person's data is written: by the names of the keys, by the values that this process
knows, and by form (`isthmus.kit.masking`). The standard library's records go the same way, those of
libraries too.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TextIO

import structlog

from isthmus.canonical import OBJECTS, CanonicalObject
from isthmus.canonical.base import is_pii
from isthmus.kit.masking import MASK, scrub

PERSONAL = frozenset(n for model in OBJECTS for n in model.model_fields if is_pii(model, n))
ACCESS = "uvicorn.access"
"""Its formatter wants the parts of a request, and not the text that they make."""
_SECRET = re.compile(
    r"password|passphrase|secret|token|authorization|cookie|credential|assertion"
    r"|(private|api|signing)_?key",
    re.IGNORECASE,
)


def configure_logging(
    level: str, form: Literal["json", "console"], stream: TextIO | None = None
) -> None:
    """Set up once per process. JSON for collectors, key=value with colours for people.

    `stream` is the error stream where none is given.
    """
    stream = stream or sys.stderr
    render: structlog.types.Processor
    if form == "json":
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        render = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            masked,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.setLogRecordFactory(MaskedRecord)
    logging.basicConfig(level=logging.WARNING, stream=stream)
    for noisy in ("httpx2", "dbos", "alembic", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def masked(logger: object, method: str, line: structlog.types.EventDict) -> Mapping[str, Any]:
    """A processor of structlog."""
    return _members(line)


class MaskedRecord(logging.LogRecord):
    """A record whose text and stack trace are masked when it is made: whoever handles it can only
    write what may be read.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.name == ACCESS and isinstance(self.args, tuple):
            self.args = tuple(scrub(a) if isinstance(a, str) else a for a in self.args)
        else:
            self.msg, self.args = scrub(_text(self)), ()
        if self.exc_info and self.exc_info[0] is not None:
            self.exc_text = scrub("".join(traceback.format_exception(*self.exc_info)).rstrip())
        self.exc_info = None


def _text(record: logging.LogRecord) -> str:
    """What the caller meant, also where the arguments do not fit it."""
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"


def _members(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): MASK if value is not None and _is_kept(str(key), value) else _value(value)
        for key, value in values.items()
    }


def _is_kept(key: str, value: object) -> bool:
    """Numbers may be told: how many tokens, not which."""
    if key in PERSONAL:
        return True
    return isinstance(value, str | bytes) and _SECRET.search(key) is not None


def _value(value: object) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, bool | int | float | Decimal | date):
        return value
    if isinstance(value, CanonicalObject):
        return _members(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return _members(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(each) for each in value]
    return scrub(str(value))
