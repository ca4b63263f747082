"""`vault:MOUNT/PATH#FIELD`: HashiCorp Vault or OpenBao, secrets engine KV version 2, over HTTP.

Where it is and who asks are its own usual variables: VAULT_ADDR, VAULT_NAMESPACE, and VAULT_TOKEN
or VAULT_TOKEN_FILE, to which an agent writes a token that it renews; or BAO_ instead of VAULT_.
https://openbao.org/api-docs/secret/kv/kv-v2/
"""

from __future__ import annotations

import os
from pathlib import Path

import httpx2

from isthmus.kit.masking import SECRETS
from isthmus.kit.secret import SecretMissing, Store

TIMEOUT = 10.0
FORM = "Write vault:MOUNT/PATH#FIELD, such as vault:secret/isthmus/crm#client_secret."


def open_store() -> Store:
    return read


def read(name: str) -> str:
    mount, slash, rest = name.strip("/").partition("/")
    path, hash, field = rest.partition("#")
    if not (mount and slash and path and hash and field):
        raise SecretMissing(f"{name!r} names no field of a secret", FORM)
    found = _asked(f"{mount}/data/{path}")
    value = found.get(field)
    if not isinstance(value, str) or not value:
        known = ", ".join(sorted(found)) or "none"
        raise SecretMissing(f"the secret has no text {field!r}; its fields: {known}", FORM)
    return value


def _asked(path: str) -> dict[str, object]:
    address = _variable("ADDR")
    if not address:
        raise SecretMissing("it is not known where the vault is", "Set VAULT_ADDR.")
    headers = {"X-Vault-Token": _token(), "X-Vault-Request": "true"}
    if namespace := _variable("NAMESPACE"):
        headers["X-Vault-Namespace"] = namespace
    try:
        answer = httpx2.get(f"{address.rstrip('/')}/v1/{path}", headers=headers, timeout=TIMEOUT)
    except httpx2.TransportError as error:
        raise SecretMissing(
            f"the vault at {address} does not answer: {type(error).__name__}",
            "See that it runs and that this machine reaches it.",
        ) from error
    return _data(answer)


def _data(answer: httpx2.Response) -> dict[str, object]:
    if answer.status_code == 404:
        raise SecretMissing("the vault has no such secret, or it was deleted", FORM)
    if answer.status_code in (401, 403):
        raise SecretMissing(
            "the vault refuses the token, or may not show it this secret",
            "Give VAULT_TOKEN or VAULT_TOKEN_FILE a token whose policy reads it.",
        )
    if not answer.is_success:
        raise SecretMissing(
            f"the vault answered {answer.status_code}", "See that it is unsealed and well."
        )
    data = answer.json()["data"]["data"]
    return data if isinstance(data, dict) else {}


def _token() -> str:
    if file := _variable("TOKEN_FILE"):
        try:
            token = Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissing(
                f"the token file {file} cannot be read", "See that the agent writes it."
            ) from error
    else:
        token = _variable("TOKEN")
    if not token:
        raise SecretMissing("there is no token for the vault", "Set VAULT_TOKEN_FILE.")
    SECRETS.add(token)
    return token


def _variable(name: str) -> str:
    return os.environ.get(f"VAULT_{name}") or os.environ.get(f"BAO_{name}") or ""
