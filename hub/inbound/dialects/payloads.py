"""What several dialects read in the same way: forms, JSON bodies, flags in the query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

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
    """A form as a dictionary.

    Raises:
        Reject: 400, the form cannot be read, or a urlencoded one is not UTF-8: decoding it would lose bytes.
    """
    if request.media_type == "application/x-www-form-urlencoded":
        try:
            unquote_to_bytes(request.body).decode()
        except UnicodeDecodeError as error:
            raise Reject("the form is not UTF-8", 400) from error
    return pairs_to_dict(request.form().pairs)


def json_or_form(request: Request) -> Any:
    """A form as a dictionary, an empty body as None, any other body as JSON. Raises `Reject` (400)."""
    if not request.body:
        return None
    return form_object(request) if request.media_type in FORMS else request.json()


def switched_on(query: Values[str], name: str) -> bool:
    """Whether the last value of `name` in the query is true, 1, yes or on, in any case."""
    values = query.all(name)
    return bool(values) and values[-1].lower() in {"true", "1", "yes", "on"}
