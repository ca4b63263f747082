"""Where events are sent. One file per protocol; the relay knows this interface only."""

from isthmus.events.destinations.connect import MissingClient, connect, ensure_client
from isthmus.events.destinations.protocol import Connected

__all__ = ["Connected", "MissingClient", "connect", "ensure_client"]
