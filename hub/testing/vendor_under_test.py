"""A vendor under test, called as the hub calls it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.errors import Unavailable
from hub.model.wire.event import Event
from hub.model.wire.fetched import Fetched
from hub.model.wire.grant import Grant, Outcome
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.sdk.recorded import Recording
from hub.sdk.vendor import Vendor
from hub.testing.sender import Sender

__all__ = ["Answering", "VendorUnderTest"]

Answering = Callable[[str], Awaitable[Fetched]]
"""The answers of the vendor's hosts to `Source.fetch`: URL -> answer."""


async def _no_answer(url: str) -> Fetched:
    raise Unavailable(f"there is no answer from {url}")


@dataclass(frozen=True, kw_only=True)
class VendorUnderTest:
    """A vendor with its recorded requests, a sender and a source.

    Attributes:
        sender: Signs the recorded requests.
        recordings: Recorded requests; those with `verified` are signed when sent.
        answering: Answers in place of the vendor's hosts.
        called: URLs that were fetched so far.
    """

    sender: Sender
    recordings: Sequence[Recording]
    answering: Answering = _no_answer
    called: list[str] = field(default_factory=list)

    @property
    def vendor(self) -> Vendor:
        """The vendor."""
        return self.sender.vendor

    @property
    def events(self) -> tuple[Recording, ...]:
        """Recorded requests that are signed when they are sent."""
        return tuple(one for one in self.recordings if one.verified)

    @property
    def handshakes(self) -> tuple[Recording, ...]:
        """Recorded requests that are not signed."""
        return tuple(one for one in self.recordings if not one.verified)

    @property
    def requires_proof(self) -> bool:
        """Whether a request must prove something: there is a credential, or the scheme looks at the body."""
        return bool(self.vendor.credentials) or self.sender.scheme.covers != "none"

    @property
    def source(self) -> Source:
        """A source with live secrets, whose calls are answered."""
        return self.sender.source(fetch=self._fetch)

    @property
    def unreachable_source(self) -> Source:
        """The same source, whose calls get no answer."""
        return self.sender.source(fetch=self._unreachable)

    def source_with(self, secrets: Sequence[Secret]) -> Source:
        """The same source with other secrets."""
        return replace(self.source, _secrets=tuple(secrets))

    async def verify(self, request: Request, source: Source) -> Grant:
        """Verify a request by the vendor's scheme, whose exceptions pass.

        Raises:
            TypeError: The scheme returned neither a Grant nor a Secret.
        """
        given: object = self.sender.scheme.verify(request, source)
        if inspect.isawaitable(given):
            given = await given
        if isinstance(given, Secret):
            return Grant(given)
        if not isinstance(given, Grant):
            raise TypeError(f"verify returned a {type(given).__name__}, not a Grant or Secret")
        return given

    async def challenge(self, request: Request, source: Source) -> Reply | None:
        """The vendor's answer to a handshake; its exceptions pass."""
        if self.vendor.challenge is None:
            return None
        given = self.vendor.challenge(request, source)
        return await given if inspect.isawaitable(given) else given

    def read(self, request: Request) -> tuple[Event, ...]:
        """The events of a request, read with a source that cannot call out."""
        return tuple(self.vendor.read(request, self.sender.source()))

    async def reply(self, request: Request, outcome: Outcome) -> Reply | None:
        """The vendor's answer to a verified request; its exceptions pass."""
        if self.vendor.reply is None or isinstance(self.vendor.reply, Reply):
            return self.vendor.reply
        given = self.vendor.reply(request, self.source, outcome)
        return await given if inspect.isawaitable(given) else given

    async def _fetch(self, url: str, *, method: str, headers: Mapping[str, str], body: bytes, cache: float) -> Fetched:
        del method, headers, body, cache
        self.called.append(url)
        return await self.answering(url)

    async def _unreachable(
        self, url: str, *, method: str, headers: Mapping[str, str], body: bytes, cache: float
    ) -> Fetched:
        del method, headers, body, cache
        self.called.append(url)
        raise Unavailable(f"there is no answer from {url}")
