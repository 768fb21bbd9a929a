"""The log of an action, in which the values of its connections are masked."""

from __future__ import annotations

from typing import Any

from hub.model.masking import Mask
from hub.sdk.action import Log

__all__ = ["MaskedLog"]

_PLAIN = (bool, int, float, type(None))


class MaskedLog:
    """Implements `hub.sdk.action.Log`.

    Args:
        log: Writes the entries.
        mask: Hides secrets in events and fields. A field that is not a JSON value is then written as text.
    """

    __slots__ = ("_log", "_mask")

    def __init__(self, log: Log, mask: Mask) -> None:
        self._log = log
        self._mask = mask

    def debug(self, event: str, **fields: Any) -> Any:
        """See `Log`."""
        return self._log.debug(self._mask.text(event), **self._hidden(fields))

    def info(self, event: str, **fields: Any) -> Any:
        """See `Log`."""
        return self._log.info(self._mask.text(event), **self._hidden(fields))

    def warning(self, event: str, **fields: Any) -> Any:
        """See `Log`."""
        return self._log.warning(self._mask.text(event), **self._hidden(fields))

    def error(self, event: str, **fields: Any) -> Any:
        """See `Log`."""
        return self._log.error(self._mask.text(event), **self._hidden(fields))

    def _hidden(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {name: self._value(value) for name, value in fields.items()} if self._mask else fields

    def _value(self, value: Any) -> Any:
        if isinstance(value, _PLAIN):
            return value
        return self._mask.value(_as_json(value))


def _as_json(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _as_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_as_json(item) for item in value]
        case str() | bool() | int() | float() | None:
            return value
        case _:
            return str(value)
