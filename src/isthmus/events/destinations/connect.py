"""Opens a destination by the scheme of its URL. Clients of brokers are optional extras."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from isthmus.events.destinations.protocol import Connected
from isthmus.events.destinations.webhook import WebhookOut
from isthmus.landscape.destinations import Destination

CLIENTS = {"nats": "nats", "rabbitmq": "aio_pika", "kafka": "aiokafka"}
"""Broker -> the module of its client."""


class MissingClient(Exception):
    """What, why, what to do."""

    def __init__(self, name: str, broker: str) -> None:
        self.what = f"Destination {name} cannot be used."
        self.why = f"The client of {broker} is not installed."
        self.remedy = f"pip install 'isthmus[{broker}]'"
        super().__init__(f"{self.what} {self.why} {self.remedy}")


def ensure_client(name: str, destination: Destination) -> None:
    """Raises MissingClient."""
    if not destination.is_webhook and find_spec(CLIENTS[destination.broker]) is None:
        raise MissingClient(name, destination.broker)


async def connect(name: str, destination: Destination) -> Connected:
    """Raises ConnectError when it does not answer."""
    if destination.is_webhook:
        return WebhookOut(name, destination)
    module = import_module(f"isthmus.events.destinations.{destination.broker}")
    opened: Connected = await module.connect(name, destination)
    return opened
