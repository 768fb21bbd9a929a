"""What several dialects read in the same way: forms, JSON bodies, flags in the query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from hub.errors import Reject
from hub.model.wire.request import Request
from hub.model.wire.values import Values

__all__ = ["FORMS", "form_object", "json_or_form", "pairs_to_dict", "switched_on"]

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
"""Media types of forms."""

V = TypeVar("V")


def pairs_to_dict(pairs: Iterable[tuple[str, V]]) -> dict[str, V | list[V]]:
    """Pairs as a dictionary; the values of a repeated name become a list, so that none is lost."""
    values: dict[str, list[V]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def form_object(request: Request) -> dict[str, Any]:
    """A form as a dictionary; the fields of a multipart form that are JSON are parsed.

    Raises:
        Reject: 400, the form cannot be read, or decoding it would lose bytes: it is not in the charset that it names,
            or it names none and is not UTF-8.
    """
    fields = request.form_fields
    lost = next((one for one in fields if not one.whole), None)
    if lost is not None:
        raise Reject(f"the field {lost.name[:100]!r} is not in the charset of the form: name it in Content-Type", 400)
    return pairs_to_dict((one.name, one.parsed) for one in fields)


def json_or_form(request: Request) -> Any:
    """A form as a dictionary, an empty body as None, any other body as JSON. Raises `Reject` (400)."""
    if not request.body:
        return None
    return form_object(request) if request.media_type in FORMS else request.json()


def switched_on(query: Values[str], name: str) -> bool:
    """Whether the last value of `name` in the query is true, 1, yes or on, in any case."""
    values = query.all(name)
    return bool(values) and values[-1].lower() in {"true", "1", "yes", "on"}
