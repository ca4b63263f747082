"""Ownership and mapping overrides: objects, attributes and values that exist."""

from __future__ import annotations

from collections.abc import Mapping

from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.canonical.base import attributes
from isthmus.landscape.checks.parts import keys_at, well_formed
from isthmus.landscape.checks.systems import unknown_kind
from isthmus.landscape.document import Document
from isthmus.landscape.keys import choices_of, did_you_mean, listed
from isthmus.landscape.mistake import KeyPath
from isthmus.landscape.overrides import AttributeOverlay


def check_ownership(document: Document) -> None:
    for key in keys_at(document, "ownership"):
        path = ("ownership", key)
        kind, dot, attribute = key.partition(".")
        if not dot:
            _not_two_names(document, path, "object.attribute", "customer.payment_terms")
        elif model := _known(document, path, kind):
            _check_attribute(document, path, model, attribute)


def check_mappings(
    document: Document, mapped: Mapping[str, Mapping[str, type[CanonicalObject]]]
) -> None:
    connections = keys_at(document, "connections")
    for key in keys_at(document, "mappings"):
        path = ("mappings", key)
        name, dot, _ = key.partition(".")
        if not dot:
            _not_two_names(document, path, "connection.object", "salesforce.opportunity")
            continue
        if name not in connections:
            document.add(
                path,
                f"no connection is named `{name}`",
                f"connections: {listed(connections)}",
                did_you_mean(name, connections, "Write one of them before the dot."),
            )
            continue
        vendor = str(keys_at(document, "connections", name).get("vendor"))
        if model := _mapped(document, path, mapped.get(vendor, BY_KIND), vendor):
            _check_overlays(document, path, model)


def _mapped(
    document: Document,
    path: tuple[str, str],
    mapped: Mapping[str, type[CanonicalObject]],
    vendor: str,
) -> type[CanonicalObject] | None:
    name = path[1].partition(".")[2]
    if name not in mapped:
        by_object = next((n for n, model in mapped.items() if model.kind == name), None)
        document.add(
            path,
            f"no mapping of {vendor} is named `{name}`",
            f"known: {listed(mapped)}",
            f"Did you mean `{by_object}`?"
            if by_object
            else did_you_mean(name, mapped, "Write one of them."),
        )
    return mapped.get(name)


def _check_overlays(
    document: Document, path: tuple[str, str], model: type[CanonicalObject]
) -> None:
    for attribute, written in keys_at(document, *path).items():
        place = (*path, attribute)
        if _check_attribute(document, place, model, attribute):
            overlay = well_formed(AttributeOverlay, written)
            if overlay is not None:
                _check_values(document, place, model, attribute, overlay)


def _check_values(
    document: Document,
    path: KeyPath,
    model: type[CanonicalObject],
    attribute: str,
    overlay: AttributeOverlay,
) -> None:
    """Where the attribute is an enumeration, the vendor's values must lead into it."""
    choices = choices_of(model.model_fields[attribute].annotation)
    if choices is None:
        return
    targets: dict[KeyPath, str | bool | None] = {("otherwise",): overlay.otherwise}
    targets |= {("values", key): value for key, value in (overlay.values or {}).items()}
    for place, value in targets.items():
        if value is not None and value not in choices:
            document.add(
                (*path, *place),
                f"`{value}` is not a value of {model.kind}.{attribute}",
                f"known: {', '.join(choices)}",
                did_you_mean(str(value), choices, "Write one of them."),
                on_value=True,
            )


def _check_attribute(
    document: Document, path: KeyPath, model: type[CanonicalObject], attribute: str
) -> bool:
    known = list(attributes(model))
    if attribute in known:
        return True
    document.add(
        path,
        f"{model.kind} has no attribute `{attribute}`",
        f"known: {', '.join(known)}",
        did_you_mean(attribute, known, "Write one of them."),
    )
    return False


def _known(document: Document, path: KeyPath, kind: str) -> type[CanonicalObject] | None:
    if kind not in BY_KIND:
        unknown_kind(document, path, kind)
    return BY_KIND.get(kind)


def _not_two_names(document: Document, path: KeyPath, form: str, example: str) -> None:
    document.add(
        path,
        f"`{path[-1]}` is not of the form {form}",
        "two names with a dot between them say what is overridden",
        f"Write for example {example}.",
    )
