"""What the job's payload and mock ERP need of orjson, of the standard library: no package more."""

import json
from typing import Any


def loads(text: bytes | str) -> Any:
    return json.loads(text)


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()
