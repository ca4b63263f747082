"""Terms as people write them: the other way round of reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from io import StringIO
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from isthmus.canonical.contract import Terms
from isthmus.kit.money import Money
from isthmus.landscape.mistake import KeyPath, dotted


@dataclass(frozen=True)
class Term:
    """One figure of the terms; `is_set` where it is not the default."""

    name: str
    value: str
    is_set: bool


@dataclass(frozen=True)
class Moved:
    """A term that differs; None where one of the two does not have it."""

    term: str
    old: str | None
    new: str | None


def listed(terms: Terms) -> tuple[Term, ...]:
    """Every figure that is set, and every default that says something."""
    mine = _figures(terms, defaults=False)
    return tuple(
        Term(dotted(path), value, path in mine)
        for path, value in _figures(terms, defaults=True).items()
    )


def moved(old: Terms, new: Terms) -> tuple[Moved, ...]:
    """Figures that differ and that one of the two sets; the other's may be a default."""
    before, after = _figures(old, defaults=True), _figures(new, defaults=True)
    stated = {**_figures(old, defaults=False), **_figures(new, defaults=False)}
    return tuple(
        Moved(dotted(path), before.get(path), after.get(path))
        for path in {**after, **before}
        if path in stated and before.get(path) != after.get(path)
    )


def _figures(terms: Terms, *, defaults: bool) -> dict[KeyPath, str]:
    return dict(_lines(_plain(terms, defaults=defaults)))


def terms_text(terms: Terms) -> str:
    """The YAML that reads as these terms; what is at its default is left out."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # untyped
    yaml.representer.add_representer(Decimal, _number)
    out = StringIO()
    yaml.dump(_plain(terms, defaults=False), out)
    return out.getvalue()


def _number(representer: SafeRepresenter, value: Decimal) -> ScalarNode:
    kind = "int" if value == value.to_integral_value() else "float"
    return representer.represent_scalar(f"tag:yaml.org,2002:{kind}", _shown(value))


def _plain(value: Any, *, defaults: bool) -> Any:
    """Sets of keys, lists and scalars. Without defaults a part says only what differs."""
    if isinstance(value, Money):
        return f"{value.amount:f} {value.currency}"
    if isinstance(value, BaseModel):
        return {
            name: _plain(inner, defaults=defaults)
            for name, inner in value
            if defaults or not _is_default(value, name, inner)
        }
    if isinstance(value, tuple):
        return [_plain(inner, defaults=defaults) for inner in value]
    if isinstance(value, Mapping):
        return {key: _plain(inner, defaults=defaults) for key, inner in value.items()}
    return value.value if isinstance(value, Enum) else value


def _is_default(part: BaseModel, name: str, value: Any) -> bool:
    declared = type(part).model_fields[name]
    if declared.is_required():
        return False
    return bool(value == declared.get_default(call_default_factory=True))


def _lines(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Each scalar with its place; a list of scalars is one line, what is empty is none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(inner, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for place, inner in enumerate(value):
            yield from _lines(inner, (*path, place))
    elif isinstance(value, list):
        if value:
            yield path, ", ".join(map(_shown, value))
    elif value is not None:
        yield path, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
