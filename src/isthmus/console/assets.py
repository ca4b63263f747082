"""Scripts and styles, under names that change with their content, so that a browser keeps them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response

STATIC = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
_LEFT_OUT = ("LOCK", ".LICENSE", ".NOTICE")


@dataclass(frozen=True)
class Asset:
    content: bytes
    media_type: str

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.content, 6, mtime=0)


class Assets:
    """Everything in a folder, read once."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._names: dict[str, str] = {}
        self._by_hash: dict[str, Asset] = {}
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.name.endswith(_LEFT_OUT):
                self._take(file.name, file.read_bytes())

    def _take(self, name: str, content: bytes) -> None:
        stem, dot, ending = name.rpartition(".")
        hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{ending}"
        self._names[name] = hashed
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._by_hash[hashed] = Asset(content, kind)

    def url(self, name: str) -> str:
        """Where nothing is, for an asset that was never fetched: the page still comes."""
        return f"/static/{self._names.get(name, name)}"

    def answer(self, request: Request, name: str) -> Response | None:
        asset = self._by_hash.get(name)
        if asset is None:
            return None
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.packed, media_type=asset.media_type, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)
