"""Filters for lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import Undefined

from hub.model.json import dumps
from hub.workflows.expressions.budget import Budget, Fault, present
from hub.workflows.expressions.functions.bounded import Table, list_of, path_of, text_of, walk, whole
from hub.workflows.expressions.operators import BINARY, as_text

__all__ = ["LISTS"]

LISTS = Table()


@LISTS.add("length", "count", flat=True)
def length(_budget: Budget, value: Any) -> int:
    """How many elements, keys or characters."""
    if not isinstance(value, list | tuple | dict | str):
        raise Fault("length needs a list, an object or a string")
    return len(value)


@LISTS.add("first", context=True, flat=True)
def first(context: Any, value: Any) -> Any:
    """The first element; missing if the list is empty."""
    return _element(context, value, 0)


@LISTS.add("last", context=True, flat=True)
def last(context: Any, value: Any) -> Any:
    """The last element; missing if the list is empty."""
    return _element(context, value, -1)


def _element(context: Any, value: Any, index: int) -> Any:
    if not isinstance(value, list | tuple | str):
        raise Fault("first and last need a list or a string")
    return context.environment.getitem(value, index)


@LISTS.add("list")
def as_list(budget: Budget, value: Any) -> list[Any]:
    """The elements, keys or characters as a list."""
    return list_of(budget, value, "list")


@LISTS.add("reverse")
def reverse(budget: Budget, value: Any) -> Any:
    """In reverse order."""
    return value[::-1] if isinstance(value, str) else list_of(budget, value, "reverse")[::-1]


@LISTS.add("join", context=True)
def join(context: Any, value: Any, separator: Any = "", attribute: Any = None) -> str:
    """All elements (or an attribute of each) as one text, with a separator between them.

    `", ".join(list)`, the method of strings, works too.
    """
    budget: Budget = context.budget
    if isinstance(value, str) and isinstance(separator, list | tuple):
        value, separator = separator, value
    parts = [as_text(budget, item) for item in _attributes(context, value, attribute, "join")]
    budget.length(sum(map(len, parts)) + len(text_of(separator, "join")) * len(parts))
    return text_of(separator, "join").join(parts)


@LISTS.add("sort", context=True)
def sort(context: Any, value: Any, reverse: Any = False, attribute: Any = None) -> list[Any]:  # noqa: FBT002 - as in Jinja
    """Sorted, upper case before lower case; objects by an attribute."""
    items = list_of(context.budget, value, "sort")
    keys = _attributes(context, items, attribute, "sort")
    context.budget.spend(context.budget.weigh(keys) * len(keys).bit_length())
    try:
        order = sorted(range(len(items)), key=keys.__getitem__, reverse=bool(reverse))
    except TypeError:
        raise Fault("sort needs elements that can be compared with each other") from None
    return [items[index] for index in order]


@LISTS.add("min", context=True)
def smallest(context: Any, value: Any, attribute: Any = None) -> Any:
    """The smallest element; missing if the list is empty."""
    return first(context, sort(context, value, attribute=attribute))


@LISTS.add("max", context=True)
def largest(context: Any, value: Any, attribute: Any = None) -> Any:
    """The largest element; missing if the list is empty."""
    return last(context, sort(context, value, attribute=attribute))


@LISTS.add("sum", context=True)
def total(context: Any, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    """The sum of the elements, or of an attribute of each."""
    for item in _attributes(context, value, attribute, "sum"):
        start = BINARY["+"](context.budget, start, item)
    return start


@LISTS.add("unique", context=True)
def unique(context: Any, value: Any, attribute: Any = None) -> list[Any]:
    """The elements without repetitions (by an attribute, if given); of equal ones the first."""
    items = list_of(context.budget, value, "unique")
    keys = _attributes(context, items, attribute, "unique")
    seen: dict[bytes, Any] = {}
    for key, item in zip(keys, items, strict=True):
        seen.setdefault(dumps(context.budget.result(key)), item)
    return list(seen.values())


@LISTS.add("flatten")
def flatten(budget: Budget, value: Any) -> list[Any]:
    """The elements of the lists in a list, one level deep."""
    found: list[Any] = []
    for item in list_of(budget, value, "flatten"):
        inner = item if isinstance(item, list | tuple) else (item,)
        budget.items(len(found) + len(inner)) if len(inner) > 1 else budget.spend(1)
        found.extend(inner)
    return found


@LISTS.add("batch")
def batch(budget: Budget, value: Any, size: Any) -> list[list[Any]]:
    """Lists of at most `size` elements each."""
    items, step = list_of(budget, value, "batch"), whole(size, "batch")
    if step < 1:
        raise Fault("batch needs a size of 1 or more")
    return [items[start : start + step] for start in range(0, len(items), step)]


@LISTS.add("groupby", context=True)
def group_by(context: Any, value: Any, attribute: Any) -> list[dict[str, Any]]:
    """Objects with `grouper` (a value of the attribute) and `list` (its elements), in order of appearance."""
    items = list_of(context.budget, value, "groupby")
    groups: dict[bytes, dict[str, Any]] = {}
    for key, item in zip(_attributes(context, items, attribute, "groupby"), items, strict=True):
        group = groups.setdefault(dumps(context.budget.result(key)), {"grouper": key, "list": []})
        group["list"].append(item)
    return list(groups.values())


@LISTS.add("map", context=True)
def mapped(context: Any, value: Any, name: Any = None, *args: Any, **kwargs: Any) -> list[Any]:
    """`map("upper")`: a filter for each element; `map(attribute="a.b", default=…)`: an attribute of each."""
    items = list_of(context.budget, value, "map")
    if name is None:
        path = path_of(kwargs.pop("attribute", None))
        found = [walk(context, item, path) for item in items]
        if "default" in kwargs:
            fallback = kwargs.pop("default")
            found = [fallback if isinstance(item, Undefined) else item for item in found]
        if kwargs or args:
            raise Fault("map takes the name of a filter, or attribute and default")
        return [present(item) for item in found]
    function = context.environment.filters.get(text_of(name, "map"))
    if function is None or name == "map":
        raise Fault(f"map: there is no filter {name[:50]!r}")
    return [function(context, item, *args, **kwargs) for item in items]


@LISTS.add("select", context=True)
def select(context: Any, value: Any, test: Any = None, *args: Any) -> list[Any]:
    """The elements that pass a test: `select("gt", 3)`; without a test, those that are true."""
    return list(_filtered(context, value, None, test, args, wanted=True))


@LISTS.add("reject", context=True)
def reject(context: Any, value: Any, test: Any = None, *args: Any) -> list[Any]:
    """The elements that do not pass a test."""
    return list(_filtered(context, value, None, test, args, wanted=False))


@LISTS.add("selectattr", context=True)
def selectattr(context: Any, value: Any, attribute: Any, test: Any = None, *args: Any) -> list[Any]:
    """The elements with an attribute that passes a test: `selectattr("level", "eq", "high")`."""
    return list(_filtered(context, value, attribute, test, args, wanted=True))


@LISTS.add("rejectattr", context=True)
def rejectattr(context: Any, value: Any, attribute: Any, test: Any = None, *args: Any) -> list[Any]:
    """The elements with an attribute that does not pass a test."""
    return list(_filtered(context, value, attribute, test, args, wanted=False))


def _filtered(
    context: Any, value: Any, attribute: Any, test: Any, args: tuple[Any, ...], *, wanted: bool
) -> Iterator[Any]:
    passes: Callable[..., Any] | None = None
    if test is not None:
        passes = context.environment.tests.get(text_of(test, "select"))
        if passes is None:
            raise Fault(f"there is no test {test[:50]!r}")
    path = None if attribute is None else path_of(attribute)
    for item in list_of(context.budget, value, "select"):
        subject = item if path is None else walk(context, item, path)
        if passes is None:
            verdict = not isinstance(subject, Undefined) and bool(subject)
        else:
            verdict = bool(passes(context, subject, *args))
        if verdict == wanted:
            yield item


def _attributes(context: Any, value: Any, attribute: Any, what: str) -> list[Any]:
    items = list_of(context.budget, value, what)
    if attribute is None:
        return items
    path = path_of(attribute)
    return [present(walk(context, item, path)) for item in items]
