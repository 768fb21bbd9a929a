"""Names with values, in order and with repeats: headers, query parameters, form fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar, overload

from hub.errors import Reject

__all__ = ["Values"]

V = TypeVar("V", covariant=True)  # noqa: PLC0105 - the name that the reference of plugin authors uses
D = TypeVar("D")


class Values(Mapping[str, V], Generic[V]):
    """Headers (names in any case), query parameters or form fields.

    `values[name]` and `values.get(name)` demand exactly one value: with a repeated name, an attacker could make one
    reader check another value than the next one uses. Read repeats with `all`, or everything in order with `pairs`.

        request.headers["x-github-event"]     # the one value; missing or repeated: Reject(400)
        request.headers.get("x-request-id")   # None if missing; repeated: Reject(400)
        request.query.all("tag")              # every value, () if there is none

    Iterating gives each name once, in order of first appearance (headers in lower case).

    Args:
        pairs: Names and values in order.
        caseless: Names match whatever their case, as header names do.

    Raises:
        Reject: 400 when a name has several values, or none where one is needed. During verification this
            counts as 401.
    """

    __slots__ = ("_index", "caseless", "pairs")

    pairs: tuple[tuple[str, V], ...]
    caseless: bool

    def __init__(self, pairs: Iterable[tuple[str, V]] = (), *, caseless: bool = False) -> None:
        self.pairs = tuple(pairs)
        self.caseless = caseless
        self._index: dict[str, tuple[V, ...]] | None = None

    @staticmethod
    def of_headers(raw: Iterable[tuple[bytes, bytes]]) -> Values[str]:
        """Headers from their bytes; values are read as Latin-1, so that no byte is lost (RFC 9110, 5.5)."""
        return Values([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw], caseless=True)

    def all(self, name: str) -> tuple[V, ...]:
        """Every value of `name` in order; empty if there is none."""
        return self._names().get(name.lower() if self.caseless else name, ())

    @overload
    def get(self, name: str, /) -> V | None: ...
    @overload
    def get(self, name: str, /, default: V | D) -> V | D: ...
    def get(self, name: str, /, default: object = None) -> object:
        """The one value of `name`, or `default` if there is none. Raises `Reject` (400) if there are several."""
        found = self.all(name)
        return self._one(name, found) if found else default

    def __getitem__(self, name: str) -> V:
        return self._one(name, self.all(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.all(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Values):
            return NotImplemented
        return self.caseless == other.caseless and self._folded() == other._folded()

    def __hash__(self) -> int:
        return hash(self._folded())

    def __repr__(self) -> str:
        return f"Values(names={list(self)})"

    def _folded(self) -> tuple[tuple[str, V], ...]:
        return tuple([(name.lower(), value) for name, value in self.pairs]) if self.caseless else self.pairs

    def _names(self) -> dict[str, tuple[V, ...]]:
        if self._index is None:
            index: dict[str, tuple[V, ...]] = {}
            for name, value in self._folded():
                index[name] = (*index[name], value) if name in index else (value,)
            self._index = index
        return self._index

    @staticmethod
    def _one(name: str, found: tuple[V, ...]) -> V:
        if len(found) != 1:
            raise Reject(f"{name} is given {len(found)} times" if found else f"{name} is missing", 400)
        return found[0]
