"""The audit as one file for an auditor: every row, and the manifest that proves them whole."""

from __future__ import annotations

import json
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from isthmus.access.audit_check import export
from isthmus.store.database import Database

ROWS = "audit.ndjson"
MANIFEST = f"{ROWS}.manifest.json"


async def packed(database: Database, by: str) -> IO[bytes]:
    """A zip on disk of the two files that `isthmus audit export` writes; gone when it is closed.
    That it was exported is a row, after those.
    """
    with ExitStack() as undo:
        file = undo.enter_context(TemporaryFile())
        with ZipFile(file, "w", ZIP_DEFLATED) as packed:
            with packed.open(ROWS, "w", force_zip64=True) as rows:
                manifest = await export(database, by, lambda line: rows.write(line.encode()))
            packed.writestr(MANIFEST, json.dumps(manifest, indent=2) + "\n")
        file.seek(0)
        undo.pop_all()
    return file
