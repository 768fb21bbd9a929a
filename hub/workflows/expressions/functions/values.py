"""Filters for values of any type, numbers and JSON."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from jinja2 import Undefined

from hub.model.json import dumps, loads
from hub.workflows.expressions.budget import Budget, Fault
from hub.workflows.expressions.functions.bounded import Table, text_of, whole
from hub.workflows.expressions.operators import as_text

__all__ = ["VALUES"]

VALUES = Table()
_ROUNDING = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}


@VALUES.add("default", "d", flat=True, missing=True)
def default(_budget: Budget, value: Any, default: Any = "", boolean: Any = False) -> Any:  # noqa: FBT002 - as in Jinja
    """`default` if the value is missing (with `boolean` also if it is empty, null, false or 0)."""
    return default if isinstance(value, Undefined) or (boolean and not value) else value


@VALUES.add("string", flat=True)
def string(budget: Budget, value: Any) -> str:
    """As in a text: a string unchanged, any other value as JSON."""
    return as_text(budget, value)


@VALUES.add("tojson", flat=True)
def tojson(budget: Budget, value: Any) -> str:
    """As JSON text."""
    return budget.text(dumps(budget.result(value)).decode())


@VALUES.add("fromjson")
def fromjson(budget: Budget, value: Any) -> Any:
    """The value of a JSON text."""
    try:
        return budget.result(loads(budget.text(text_of(value, "fromjson"))))
    except ValueError:
        raise Fault("fromjson needs a JSON text") from None


@VALUES.add("int")
def integer(budget: Budget, value: Any, default: Any = None) -> Any:
    """A whole number, rounded towards zero; `default`, if given, for a value that is not a number."""
    try:
        if isinstance(value, str):
            return budget.number(int(value) if value.strip().lstrip("+-").isdecimal() else int(_float(budget, value)))
        if isinstance(value, int | float):
            return budget.number(int(value))
    except (ValueError, OverflowError, Fault):
        pass
    if default is None:
        raise Fault("int needs a number")
    return default


@VALUES.add("float")
def floating(budget: Budget, value: Any, default: Any = None) -> Any:
    """A number with a fraction; `default`, if given, for a value that is not a number."""
    try:
        if isinstance(value, str | int | float):
            return _float(budget, value)
    except (ValueError, OverflowError, Fault):
        pass
    if default is None:
        raise Fault("float needs a number")
    return default


def _float(budget: Budget, value: str | float) -> float:
    if isinstance(value, str) and len(value) > 400:
        raise Fault("a number has at most 400 characters")
    number: float = budget.number(float(value))
    return number


@VALUES.add("round", flat=True)
def rounded(budget: Budget, value: Any, precision: Any = 0, method: Any = "common") -> Any:
    """Rounded to `precision` decimals, `common` (half away from zero), `ceil` or `floor`; without decimals whole."""
    places = whole(precision, "round")
    if not isinstance(value, int | float) or abs(places) > 15 or not isinstance(method, str) or method not in _ROUNDING:
        raise Fault("round needs a number, a precision of at most 15 and common, ceil or floor")
    if isinstance(budget.number(value), int) and places >= 0:
        return value
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    whole_part = (exact.scaleb(places)).to_integral_value(_ROUNDING[method]).scaleb(-places)
    return budget.number(int(whole_part) if places <= 0 else float(whole_part))


@VALUES.add("abs", flat=True)
def absolute(budget: Budget, value: Any) -> Any:
    """Without its sign."""
    if not isinstance(value, int | float):
        raise Fault("abs needs a number")
    return abs(budget.number(value))


@VALUES.add("bool", flat=True)
def boolean_of(_budget: Budget, value: Any) -> bool:
    """False for an empty value, null, false, 0 and the texts `false`, `no`, `off` and `0`; otherwise true."""
    if isinstance(value, str) and len(value) <= 5:
        return value.lower() not in {"", "false", "no", "off", "0"}
    return bool(value)
