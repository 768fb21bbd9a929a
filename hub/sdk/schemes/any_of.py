"""Alternative schemes, any of which may grant."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

from hub.errors import Reject, Unavailable, described
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import Covers, Outgoing, Scheme, SignedBytes, bytes_for, can_sign, signs_with_all

__all__ = ["AnyOf"]


@dataclass(frozen=True)
class _AnyOf(Scheme):
    schemes: tuple[Scheme, ...]
    signed_bytes: SignedBytes = "decoded"
    """The whole request is wanted here: each scheme is then given the bytes that it verifies."""

    @property
    def covers(self) -> Covers:
        return max((scheme.covers for scheme in self.schemes), key=("all", "part", "none").index)

    @property
    def signs(self) -> bool:
        return any(can_sign(scheme) for scheme in self.schemes)

    @property
    def several(self) -> bool:
        return next((signs_with_all(scheme) for scheme in self.schemes if can_sign(scheme)), False)

    def verify(self, request: Request, source: Source) -> Grant | Awaitable[Grant]:
        failures: list[Exception] = []
        for position, scheme in enumerate(self.schemes):
            try:
                granted = scheme.verify(bytes_for(scheme, request), source)
            except Exception as error:  # noqa: BLE001 - after a failure the next scheme decides
                failures.append(error)
                continue
            if isinstance(granted, Grant):
                return granted
            return self._later(granted, self.schemes[position + 1 :], failures, request, source)
        raise _refusal(failures)

    @staticmethod
    async def _later(
        pending: Awaitable[Grant],
        rest: tuple[Scheme, ...],
        failures: list[Exception],
        request: Request,
        source: Source,
    ) -> Grant:
        try:
            return await pending
        except Exception as error:  # noqa: BLE001 - after a failure the next scheme decides
            failures.append(error)
        for scheme in rest:
            try:
                granted = scheme.verify(bytes_for(scheme, request), source)
                return granted if isinstance(granted, Grant) else await granted
            except Exception as error:  # noqa: BLE001 - after a failure the next scheme decides
                failures.append(error)
        raise _refusal(failures)

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        for scheme in self.schemes:
            if can_sign(scheme):
                return scheme.sign(message, secrets)
        raise TypeError("none of these schemes signs")


def _refusal(failures: Sequence[Exception]) -> Reject:
    """Unavailable if a scheme was undecided, else a refusal with all reasons."""
    for failure in failures:
        if isinstance(failure, Unavailable):
            return failure
    reasons = (failure.reason if isinstance(failure, Reject) else described(failure) for failure in failures)
    return Reject("; ".join(dict.fromkeys(reasons)))


def AnyOf(*schemes: Scheme) -> Scheme:  # noqa: N802 - named like the scheme that it makes
    """Alternative schemes, tried in order; for senders that have changed their scheme, or offer two.

    It covers what the weakest of them covers, and signs with the first one that can. If none grants and one is
    undecided (`Unavailable`), the request is undecided (503).

    Raises:
        ValueError: No scheme is given.
    """
    if not schemes:
        raise ValueError("AnyOf takes at least one scheme")
    return _AnyOf(schemes)
