"""npm's `oidc-provider`, installed once into the user's cache and run as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from joserfc.jwk import KeySet, RSAKey
from platformdirs import user_cache_path

HERE = Path(__file__).parent
CLIENT, SECRET = "isthmus", "a secret: with/signs+of all=kinds"
MODULE = "node_modules/oidc-provider/package.json"


@cache
def missing() -> str | None:
    """Why there is no provider on this machine."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "no node and npm on this machine: apt install nodejs npm"
    folder = _folder()
    if (folder / MODULE).exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, timeout=120, check=False, text=True
    )
    return None if done.returncode == 0 else f"npm could not fetch oidc-provider: {done.stderr}"


def _folder() -> Path:
    version = json.loads((HERE / "package.json").read_text())["dependencies"]["oidc-provider"]
    return user_cache_path("isthmus-tests", appauthor=False) / f"oidc-provider-{version}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_keys() -> dict[str, Any]:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    return dict(KeySet([key]).as_dict(private=True))


@contextmanager
def running(
    port: int, isthmus: str, people: Mapping[str, Any], keys: Mapping[str, Any],
    *, in_token: bool = False,
) -> Iterator[None]:  # fmt: skip
    """`in_token`: claims are in the ID token, and not at the userinfo endpoint alone."""
    client = {
        "client_id": CLIENT, "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_post",
        "redirect_uris": [f"{isthmus}/login/from/firm"],
        "post_logout_redirect_uris": [f"{isthmus}/login"],
    }  # fmt: skip
    said = {
        "issuer": f"http://127.0.0.1:{port}", "port": port, "folder": str(_folder()),
        "client": client, "people": people, "jwks": keys, "inToken": in_token,
    }  # fmt: skip
    process = subprocess.Popen(
        ["node", str(HERE / "server.mjs")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PROVIDER": json.dumps(said)}, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield
    finally:
        process.kill()
        process.communicate()
