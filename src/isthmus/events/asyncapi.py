"""AsyncAPI 3.0 document of everything that is sent, from the catalogue.

https://www.asyncapi.com/docs/reference/specification/v3.0.0. The address is JetStream's; RabbitMQ's
exchange and routing key and Kafka's topic and key are bindings.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from isthmus.events.catalogue import CATALOGUE, EventType
from isthmus.events.envelope import wire_type
from isthmus.events.reference import event_schema

INTO = "isthmus"
"""Stream, exchange and topic where the landscape names no other."""
_SCHEMAS = "#/components/schemas/{model}"


def asyncapi_document() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    messages = {name: _message(event, schemas) for name, event in CATALOGUE.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Isthmus events",
            "version": version("isthmus"),
            "description": "CloudEvents 1.0 in structured mode, at least once, in order per "
            "subject. The same events are posted to webhooks and served by `GET /events`.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {name: _channel(event) for name, event in CATALOGUE.items()},
        "operations": {f"send.{name}": _operation(name) for name in CATALOGUE},
        "components": {"messages": messages, "schemas": schemas},
    }


def _channel(event: EventType) -> dict[str, Any]:
    return {
        "address": f"{{into}}.{event.name}.{{subject}}",
        "title": event.name,
        "description": event.meaning,
        "messages": {event.name: {"$ref": f"#/components/messages/{event.name}"}},
        "parameters": {
            "into": {"default": INTO, "description": "Stream that the destination names."},
            "subject": {"description": f"Canonical id of the {event.subject}."},
        },
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": INTO, "type": "topic", "durable": True},
            },
            "kafka": {"topic": INTO},
        },
    }


def _message(event: EventType, schemas: dict[str, Any]) -> dict[str, Any]:
    payload = event_schema(event, _SCHEMAS)
    schemas |= payload.pop("$defs", {})
    payload.pop("$schema")
    return {
        "name": wire_type(event.name),
        "title": event.name,
        "summary": event.meaning,
        "tags": [{"name": event.owner, "description": "Who owns it."}],
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": payload,
        "bindings": {
            "amqp": {"messageType": wire_type(event.name)},
            "kafka": {"key": {"type": "string", "description": "The subject."}},
        },
    }


def _operation(name: str) -> dict[str, Any]:
    channel = f"#/channels/{name}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True}},
    }
