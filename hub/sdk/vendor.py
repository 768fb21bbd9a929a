"""Vendors: a plugin's description of one sender."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from hub.model.stored.source import API_KEY_SLOT, HMAC_SLOT, MAX_EVENTS, SHARED_KEY_SLOT, URL_SLOT
from hub.model.wire.event import Event
from hub.model.wire.forms import codec_of
from hub.model.wire.grant import Outcome
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.secret import Credential
from hub.sdk.action import Action
from hub.sdk.catalog import Catalog
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import Scheme

__all__ = ["Answer", "Vendor"]

Answer = Reply | None
"""What a challenge or reply returns; None: no answer, the next rule applies."""

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
"""The form of the names of plugins and vendors."""

_HOST = re.compile(r"(?:(?:\*|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.[a-z][a-z0-9-]*")
_METHOD = re.compile(r"[A-Z]{1,16}")
_CORE_SLOTS = frozenset({URL_SLOT, HMAC_SLOT, SHARED_KEY_SLOT, API_KEY_SLOT, "tls_key"})
_NO_REFUSALS: Mapping[int, Reply] = MappingProxyType({})


@dataclass(frozen=True, eq=False, kw_only=True)
class Vendor:
    """One sender: its handshake, how its requests are verified and read, and the answers that it expects.

        vendor = Vendor(
            name="stripe",
            title="Stripe",
            verify=Hmac(header="stripe-signature", split=",", prefix="v1=", timestamp="t=",
                        content="{timestamp}.{body}"),
            read=lambda request, source: [Event(request.json()["type"], request.json(), id=request.json()["id"])],
            refusals={401: Reply(400)},
        )

    Attributes:
        name: The name of the entry point; where a plugin has several vendors also that name, a dash and more.
        title: Name for people.
        verify: The scheme, or a function that chooses it by the source's settings.
        read: Request -> events. Sync and pure, since it runs again on replay. An exception holds the request. A
            generator is read only as far as the limit of events allows, and others get their turns meanwhile.
        challenge: Answers an unsigned handshake (Okta, Meta, Graph), else returns None. Nothing is verified yet: it
            must not sign what the sender chooses in a way that could pass for a signature of the vendor.
        reply: The answer to an accepted request, duplicates included. Signed handshakes (Slack, Zoom) are answered
            here. It cannot refuse: if it raises, takes too long, or returns something that cannot be sent or a status
            of 500 or more, the dialect's default success goes out instead, and the fault is shown.
        refusals: Status of a refusal -> the reply to send instead, for refusals of the core too. Never a 2xx.
        credentials: The slots of secrets of a source.
        settings: Model of the vendor's settings of a source; an instance is `Source.settings`.
        methods: HTTP methods that the vendor uses; those of the source are added.
        hosts: Hosts that `Source.fetch` may call; `*` is one label: `sns.*.amazonaws.com`.
        deadline: Seconds that all plugins may take together for one request; less than the vendor waits. A wait for
            a `respond` node or a result ends shortly before. `reply` always has at least a second.
        max_body: Largest body in bytes for sources that do not set it; None: the hub's.
        max_events: Most events of one request for sources that do not set it, up to 100,000; None: the hub's 1,000.
        charset: The charset of forms in which the sender names none.
        redact: Headers with credentials, which are not kept.
        catalog: The event types of the vendor.
        actions: Actions for nodes, named `<plugin>.<verb>`.
        guide: Markdown for operators: where to paste `{url}`, what to choose.

    Raises:
        ValueError: The description contradicts itself; the message says how.
    """

    name: str
    title: str
    verify: Scheme | Callable[[Any], Scheme]
    read: Callable[[Request, Source], Iterable[Event]]
    challenge: Callable[[Request, Source], Answer | Awaitable[Answer]] | None = None
    reply: Reply | Callable[[Request, Source, Outcome], Answer | Awaitable[Answer]] | None = None
    refusals: Mapping[int, Reply] = field(default_factory=lambda: _NO_REFUSALS)
    credentials: tuple[Credential, ...] = (Credential(),)
    settings: type[BaseModel] | None = None
    methods: tuple[str, ...] = ("POST",)
    hosts: tuple[str, ...] = ()
    deadline: float = 10
    max_body: int | None = None
    max_events: int | None = None
    charset: str = "utf-8"
    redact: tuple[str, ...] = ()
    catalog: Catalog | None = None
    actions: tuple[Action, ...] = ()
    guide: str | None = None

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise ValueError(f"vendor {self.name!r}: {'; '.join(faults)}")
        object.__setattr__(self, "redact", tuple(name.lower() for name in self.redact))

    def scheme_for(self, settings: Any) -> Scheme:
        """The scheme of a source with these settings (an instance of `settings`, or None).

        Raises:
            TypeError: The function given as `verify` did not return a scheme.
        """
        if _is_scheme(self.verify):
            return self.verify  # type: ignore[return-value] # recognised by its verify method
        chosen = self.verify(settings)  # type: ignore[operator] # the other half of the union
        if not _is_scheme(chosen):
            raise TypeError(f"verify of vendor {self.name} returned a {type(chosen).__name__}, not a scheme")
        return chosen

    def credential(self, slot: str) -> Credential | None:
        """The credential of a slot; None if the vendor does not declare it."""
        return next((credential for credential in self.credentials if credential.slot == slot), None)

    def _faults(self) -> Iterator[str]:
        if not NAME.fullmatch(self.name):
            yield "a name is lower-case letters, digits and dashes"
        if not callable(self.verify) and not _is_scheme(self.verify):
            yield "verify is neither a scheme nor a function that chooses one"
        if not 0 < self.deadline <= 600:
            yield "deadline is a number of seconds up to 600"
        if self.max_body is not None and self.max_body < 0:
            yield "max_body is negative"
        if self.max_events is not None and not 1 <= self.max_events <= MAX_EVENTS:
            yield f"max_events is a number from 1 to {MAX_EVENTS}"
        if codec_of(self.charset) is None:
            yield f"{self.charset!r} is not a charset"
        if not self.methods:
            yield "methods is empty"
        yield from (
            f"{one!r} is not an HTTP method in upper case" for one in self.methods if not _METHOD.fullmatch(one)
        )
        yield from (
            f"{host!r} is not a host pattern, such as api.example.com or sns.*.amazonaws.com"
            for host in self.hosts
            if not _HOST.fullmatch(host)
        )
        yield from self._refusal_faults()
        yield from self._slot_faults()

    def _refusal_faults(self) -> Iterator[str]:
        for status, reply in self.refusals.items():
            if not 400 <= status <= 599 or not 400 <= reply.status <= 599:
                yield f"refusals[{status}] answers a refusal with {reply.status}: both must be from 400 to 599"
            if reply.keep:
                yield f"refusals[{status}] keeps a secret"

    def _slot_faults(self) -> Iterator[str]:
        slots = [credential.slot for credential in self.credentials]
        if len(set(slots)) != len(slots):
            yield "two credentials have the same slot"
        yield from (f"the slot {slot!r} is one of the core" for slot in sorted(_CORE_SLOTS.intersection(slots)))


def _is_scheme(value: object) -> bool:
    return callable(getattr(value, "verify", None)) and not isinstance(value, type)
