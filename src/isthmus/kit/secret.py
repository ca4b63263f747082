"""A secret by reference: it is looked up again when it may have changed, so that whoever rotates it
restarts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakValueDictionary

from pydantic import SecretStr

from isthmus.kit.masking import SECRETS


class SecretMissing(Exception):
    """A store has no such secret, or cannot be asked. Says why and what to do, never a value."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason, self.remedy = reason, remedy


Store = Callable[[str], str]
"""The secret of a name, now. Raises SecretMissing."""
Version = Callable[[str], object]


class LiveSecret(SecretStr):
    """`version` tells cheaply, at every use, whether the secret is another by now; a store without
    one is asked when `look_again` says so. While it cannot be looked up, the last value stands.
    """

    def __init__(self, value: str, name: str, store: Store, version: Version | None = None) -> None:
        super().__init__(value)
        self._name, self._store, self._version = name, store, version
        self._at = version(name) if version else None
        _LIVE[id(self)] = self

    def get_secret_value(self) -> str:
        if self._version is not None and (at := self._version(self._name)) != self._at:
            self.renew()
            self._at = at
        return self._secret_value

    def renew(self) -> bool:
        """Whether it is another now."""
        try:
            found = self._store(self._name)
        except SecretMissing:
            return False
        changed = found != self._secret_value
        self._secret_value = found
        SECRETS.add(found)
        return changed


_LIVE: WeakValueDictionary[int, LiveSecret] = WeakValueDictionary()


def look_again() -> int:
    """Ask the stores of all secrets anew; the number of those that have changed. It may wait for
    each of them: not for the event loop.
    """
    return sum([secret.renew() for secret in list(_LIVE.values())])
