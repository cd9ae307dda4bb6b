"""A quick answer to "does this fit the schema?", for the part of JSON Schema that `polyloss_conformance.results` uses.

jsonschema takes a third of a millisecond for a cell, as long as running it; a run writes and reads a hundred thousand. Here a schema
becomes nested functions once. A schema word that is not known here is an error when the schema is compiled, never a check that is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

_TYPES: dict[str, frozenset[type]] = {
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
    "number": frozenset({int, float}),
    "integer": frozenset({int}),
}


def compiled(schema: Mapping[str, Any]) -> Check:
    """Whether a value that came from JSON fits `schema`. It may say no where jsonschema says yes (an integer written as 1.0), never the
    other way round.

    Raises:
        ValueError: the schema uses a word that is not known here.
    """
    left = dict(schema)
    kind = left.pop("type", None)
    checks: list[Check] = []
    if kind is not None:
        checks.append(_of(_TYPES[kind]))
    if "enum" in left:
        checks.append(_one_of(left.pop("enum")))
    if "const" in left:
        checks.append(_one_of([left.pop("const")]))
    if "anyOf" in left:
        checks.append(_any_of([compiled(one) for one in left.pop("anyOf")]))
    of_object = {"required", "properties", "additionalProperties"} & set(left)
    of_array = {"items", "prefixItems", "minItems", "maxItems"} & set(left)
    if of_object and kind == "object":
        checks.append(_members(*(left.pop(key, None) for key in ("required", "properties", "additionalProperties"))))
    if of_array and kind == "array":
        checks.append(_elements(*(left.pop(key, None) for key in ("items", "prefixItems", "minItems", "maxItems"))))
    if left:
        raise ValueError(f"schema words that are not known here: {', '.join(sorted(left))}")
    if len(checks) == 2:
        (one, other) = checks
        return lambda value: one(value) and other(value)
    return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)


def _of(types: frozenset[type]) -> Check:
    return lambda value: type(value) in types  # what comes from JSON is of these very types


def _one_of(known: list[Any]) -> Check:
    kinds = {(type(one), one) for one in known}
    return lambda value: type(value) in _PLAIN and (type(value), value) in kinds


_PLAIN = frozenset({str, int, float, bool})


def _any_of(checks: list[Check]) -> Check:
    def check(value: Any) -> bool:
        for one in checks:  # noqa: SIM110 - a generator would take as long as the checks
            if one(value):
                return True
        return False

    return check


def _members(
    required: list[str] | None, properties: Mapping[str, Any] | None, additional: Mapping[str, Any] | None
) -> Check:
    needed = required or ()
    known = {key: compiled(one) for key, one in (properties or {}).items()}
    other = None if additional is None else compiled(additional)

    def check(value: dict[str, Any]) -> bool:
        for key in needed:
            if key not in value:
                return False
        for key, one in value.items():
            fits = known.get(key, other)
            if fits is not None and not fits(one):
                return False
        return True

    return check


def _elements(
    items: Mapping[str, Any] | None, prefix: list[Mapping[str, Any]] | None, least: int | None, most: int | None
) -> Check:
    first = [compiled(one) for one in prefix or ()]
    other = None if items is None else compiled(items)
    numbers = items is not None and items.get("anyOf", [None])[0] == {"type": "number"}

    def check(value: list[Any]) -> bool:
        if (least is not None and len(value) < least) or (most is not None and len(value) > most):
            return False
        for fits, one in zip(first, value, strict=False):
            if not fits(one):
                return False
        if other is None:
            return True
        rest = value[len(first) :] if first else value
        # Arrays of numbers are most of what there is, and almost all of them are plain.
        return (numbers and set(map(type, rest)) <= {int, float}) or all(map(other, rest))

    return check
