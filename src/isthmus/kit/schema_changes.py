"""Whether whoever builds on a schema can go on with its next version.

JSON Schema 2020-12, OpenAPI 3.1 and AsyncAPI 3.0. What is sent out may gain properties and values,
which a reader has to expect, and lose none. What is taken in may ask for no more than before. A new
major version may do both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_LOWER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_HIGHER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")


def breaking_changes(base: Schema, new: Schema) -> list[str]:
    """What a caller or reader of `base` would trip over, unless the major version has moved."""
    if major(base) != major(new):
        return []
    if "openapi" in base:
        return list(_openapi(base, new))
    if "asyncapi" in base:
        return list(_asyncapi(base, new))
    return list(_Pair(base, new, is_input=False).compare(base, new, ""))


def major(document: Schema) -> str:
    version = document.get("info", {}).get("version") or document.get("x-schema-version", "1")
    return str(version).partition(".")[0]


def _openapi(base: Schema, new: Schema) -> Iterator[str]:
    for path, item in base.get("paths", {}).items():
        for method in METHODS:
            if method not in item:
                continue
            where = f"{method.upper()} {path}"
            later = new.get("paths", {}).get(path, {}).get(method)
            if later is None:
                yield f"{where} is gone"
            else:
                yield from _parameters(base, new, item[method], later, where)
                yield from _body(base, new, item[method], later, where)
                yield from _responses(base, new, item[method], later, where)


def _parameters(
    base: Schema, new: Schema, before: Schema, after: Schema, where: str
) -> Iterator[str]:
    old, later = _by_name(base, before), _by_name(new, after)
    pair = _Pair(base, new, is_input=True)
    for key, parameter in old.items():
        name = f"{where} {key[0]}.{key[1]}"
        if key not in later:
            yield f"{name} is gone"
            continue
        if later[key].get("required") and not parameter.get("required"):
            yield f"{name} is required now"
        yield from pair.compare(parameter.get("schema", {}), later[key].get("schema", {}), name)
    for key in later.keys() - old.keys():
        if later[key].get("required"):
            yield f"{where} {key[0]}.{key[1]} is new and required"


def _by_name(document: Schema, operation: Schema) -> dict[tuple[str, str], Schema]:
    found = [_resolved(document, p) for p in operation.get("parameters", ())]
    return {(p["in"], p["name"].lower() if p["in"] == "header" else p["name"]): p for p in found}


def _body(base: Schema, new: Schema, before: Schema, after: Schema, where: str) -> Iterator[str]:
    old, later = before.get("requestBody"), after.get("requestBody")
    if later and later.get("required") and not (old and old.get("required")):
        yield f"{where} wants a body now"
    if old:
        yield from _contents(base, new, old, later or {}, f"{where} body", is_input=True)


def _responses(
    base: Schema, new: Schema, before: Schema, after: Schema, where: str
) -> Iterator[str]:
    for status, response in before.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        later = after.get("responses", {}).get(status)
        if later is None:
            yield f"{where} {status} is gone"
        else:
            name = f"{where} {status}"
            yield from _contents(base, new, response, later, name, is_input=False)


def _contents(
    base: Schema, new: Schema, before: Schema, after: Schema, where: str, *, is_input: bool
) -> Iterator[str]:
    pair = _Pair(base, new, is_input)
    for media_type, content in before.get("content", {}).items():
        later = after.get("content", {}).get(media_type)
        if later is None:
            yield f"{where} {media_type} is gone"
        else:
            yield from pair.compare(content.get("schema", {}), later.get("schema", {}), where)


def _asyncapi(base: Schema, new: Schema) -> Iterator[str]:
    for name, channel in base.get("channels", {}).items():
        later = new.get("channels", {}).get(name)
        if later is None:
            yield f"channel {name} is gone"
        elif later.get("address") != channel.get("address"):
            yield f"channel {name} has another address"
    messages = new.get("components", {}).get("messages", {})
    pair = _Pair(base, new, is_input=False)
    for name, message in base.get("components", {}).get("messages", {}).items():
        if name not in messages:
            yield f"message {name} is gone"
        elif messages[name].get("name") == message.get("name"):
            yield from pair.compare(message["payload"], messages[name]["payload"], name)


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


@dataclass(frozen=True)
class _Pair:
    """Two documents, and which way their schemas are used."""

    base: Schema
    new: Schema
    is_input: bool

    def compare(
        self, before: Any, after: Any, where: str, seen: frozenset[int] = frozenset()
    ) -> Iterator[str]:
        if not isinstance(before, dict) or not isinstance(after, dict):
            return
        old, later = _resolved(self.base, before), _resolved(self.new, after)
        if id(old) in seen:
            return
        seen |= {id(old)}
        yield from self._types(old, later, where)
        yield from self._enums(old, later, where)
        if self.is_input:
            yield from self._limits(old, later, where)
        yield from self._properties(old, later, where, seen)
        if "items" in old and "items" in later:
            yield from self.compare(old["items"], later["items"], f"{where}[]", seen)
        yield from self._parts(old, later, where, seen)

    def _types(self, old: Schema, later: Schema, where: str) -> Iterator[str]:
        before, after = self._kinds(self.base, old), self._kinds(self.new, later)
        lost = (before - after) if self.is_input else (after - before)
        if before and after and lost:
            verb = "no longer takes" if self.is_input else "may now be"
            yield f"{where or 'it'} {verb} {', '.join(sorted(lost))}"

    def _kinds(self, document: Schema, schema: Schema) -> frozenset[str]:
        """Types that a value may have, through its alternatives; an integer is a number."""
        schema = _resolved(document, schema)
        found: set[str] = set()
        for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            kinds = self._kinds(document, each)
            if not kinds:
                return frozenset()
            found |= kinds
        stated = schema.get("type", ())
        found |= {stated} if isinstance(stated, str) else set(stated)
        if "number" in found:
            found.add("integer")
        return frozenset(found)

    def _enums(self, old: Schema, later: Schema, where: str) -> Iterator[str]:
        if self.is_input and "enum" in later:
            lost = set(map(str, old.get("enum", ()))) - set(map(str, later["enum"]))
            for value in sorted(lost):
                yield f"{where} no longer takes {value!r}"
            if "enum" not in old:
                yield f"{where} takes some values only"
        if old.get("const") != later.get("const"):
            yield f"{where} is another constant"

    def _limits(self, old: Schema, later: Schema, where: str) -> Iterator[str]:
        for key in _LOWER:
            if key in later and (key not in old or later[key] < old[key]):
                yield f"{where} has a lower {key}"
        for key in _HIGHER:
            if key in later and (key not in old or later[key] > old[key]):
                yield f"{where} has a higher {key}"
        if "pattern" in later and later["pattern"] != old.get("pattern"):
            yield f"{where} has another pattern"

    def _properties(
        self, old: Schema, later: Schema, where: str, seen: frozenset[int]
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), later.get("properties", {})
        for name, schema in before.items():
            at = f"{where}.{name}" if where else name
            if name not in after:
                yield f"{at} is gone"
            else:
                yield from self.compare(schema, after[name], at, seen)
        must, must_now = set(old.get("required", ())), set(later.get("required", ()))
        changed = must_now - must if self.is_input else must & set(after) - must_now
        for name in sorted(changed):
            word = "is required now" if self.is_input else "may be missing now"
            yield f"{where}.{name} {word}" if where else f"{name} {word}"

    def _parts(self, old: Schema, later: Schema, where: str, seen: frozenset[int]) -> Iterator[str]:
        """Of alternatives, those of one type on each side; an object and null is the usual case."""
        for key in ("anyOf", "oneOf", "allOf"):
            for part in old.get(key, ()):
                kinds = self._kinds(self.base, part)
                same = [p for p in later.get(key, ()) if self._kinds(self.new, p) == kinds]
                if len(same) == 1:
                    yield from self.compare(part, same[0], where, seen)
