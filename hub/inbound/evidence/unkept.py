"""Requests that are refused and not kept, because they name no source: counted, with the last few as samples."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = ["Sample", "UnkeptRequests"]

_SAMPLES = 20
_SHOWN = 200
_TELLING = 12
"""Characters from which on a part of a path may be a secret."""
_LONGEST_WORD = 20
"""`trigger-webhooks`, which is part of a hub URL, has 16."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One such request.

    Attributes:
        at: Microseconds UTC.
        path: As sent; parts of it that may be secrets are replaced by their length.
        client: The sender's address.
    """

    at: int
    method: str
    path: str
    status: int
    reason: str
    client: str


class UnkeptRequests:
    """Counts since the start of this process.

    Attributes:
        unknown_sources: Requests to hub URLs that name no source.
        wrong_addresses: Requests under the beginning of a hub URL that no route fits, or whose query cannot be read.
        samples: The last few, the newest last.
    """

    def __init__(self) -> None:
        self.unknown_sources = 0
        self.wrong_addresses = 0
        self.samples: deque[Sample] = deque(maxlen=_SAMPLES)

    def unknown_source(self, at: int, method: str, path: str, status: int, reason: str, client: str) -> None:
        """Count a request to a source that does not exist."""
        self.unknown_sources += 1
        self.samples.append(Sample(at, method, _masked(path), status, reason, client))

    def wrong_address(self, at: int, method: str, path: str, status: int, reason: str, client: str) -> None:
        """Count a request to an address that is not one of the hub's."""
        self.wrong_addresses += 1
        self.samples.append(Sample(at, method, _masked(path), status, reason, client))


def _masked(path: str) -> str:
    """The path with its words; ids and whatever else may be a secret show as their length only."""
    parts = (one if _is_word(one) else f"({len(one)} characters)" for one in path[:2_000].split("/"))
    return "/".join(parts)[:_SHOWN]


def _is_word(part: str) -> bool:
    return len(part) < _TELLING or (len(part) <= _LONGEST_WORD and part.replace("-", "").isalpha() and part.islower())
