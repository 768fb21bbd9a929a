"""Dialects: URL styles and reply shapes that existing senders already use.

A dialect is data and pure functions; the pipeline of `hub.inbound` does the work. A plugin registers one with
`registry.dialect(Dialect(...))`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord
from hub.model.stored.source import SourceRecord
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.values import Values

__all__ = ["Check", "Dialect", "Flavour", "Parsed", "Receipt", "Refusal", "Route", "Started", "Target", "Waited"]

Flavour = Literal["default", "wait", "draft"]
Check = Literal["enabled", "method", "allowlist", "api_key", "rate_limit"]


@dataclass(frozen=True, slots=True)
class Route:
    """One URL of a dialect.

    Attributes:
        path: A werkzeug rule; its parameters are given to `Dialect.target`.
        methods: HTTP methods that reach the pipeline, which then applies the source's own list; None: every method.
        flavour: `wait` answers the result, `draft` runs the unpublished draft.
    """

    path: str
    methods: tuple[str, ...] | None = None
    flavour: Flavour = "default"


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL points at and the credential it carries.

    Attributes:
        workflow: Written id (`wf_…` or UUID) of a workflow, whose own source is meant.
        source: Written id of a source.
        org: Slug of the org that must own it; None: any.
        secret: The credential carried by the URL, None when the dialect's URLs carry none.
    """

    workflow: str | None = None
    source: str | None = None
    org: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A body as the dialect understands it: one payload per event, and whether the body was a batch (NDJSON)."""

    payloads: tuple[Any, ...]
    batch: bool = False

    @property
    def whole(self) -> Any:
        """The whole parsed body: the list of a batch, else the one payload."""
        return list(self.payloads) if self.batch else self.payloads[0]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is refused.

    Attributes:
        step: The step of design 3 that refused: identify, admit, guard, challenge, verify, read, event, accept.
        check: Which check of the step: `unknown`, `url_secret`, `enabled`, `method`, `allowlist`, `api_key`,
            `rate_limit`, `body_size`, `body`, `vendor`, `unpublished`, `hmac`, `shared_key`, `signature`, …
        status: HTTP status that the step asks for; a dialect may answer another one.
        reason: For the operator; never sent.
        public: A sentence that may be sent, empty when there is none.
        retry_after: Seconds, for 429 and 503.
    """

    step: str
    check: str
    status: int
    reason: str
    public: str = ""
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """One execution that a request started (or, for a duplicate, had started the first time)."""

    workflow: Id
    execution: Id
    data: Any = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a dialect may tell the sender about an accepted request.

    Attributes:
        payload: The parsed body, for echo.
        batch: Whether the body was a batch, so that all executions are listed.
    """

    request: Request
    source: SourceRecord
    started: tuple[Started, ...]
    payload: Any = None
    batch: bool = False
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """A receipt with what became of the executions: None for one that is not finished by the deadline.

    Attributes:
        envelopes: For results over the threshold, the download envelope of each execution, else None.
        status_urls: Where to ask later, one per execution.
    """

    receipt: Receipt
    executions: tuple[ExecutionRecord | None, ...]
    envelopes: tuple[Mapping[str, Any] | None, ...] = field(default=())
    status_urls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """A URL style and reply shape.

    Attributes:
        target: Route parameters and query -> what is meant. Pure; must not raise.
        slot: The dialect's own credential. Not set on the source: refused, unless the source is open to this dialect.
        carried: Where the credential travels, `url` (in `Target.secret`) or `signature` (checked in verify).
        checks: The admit checks in the dialect's order.
        ipv4_only: The allowlist of this dialect knows IPv4 addresses only.
        parse: Body -> payloads, for sources without a vendor. Raises `Reject` (400) whose public text is the reason.
        present: Payload as the workflow sees it (FlowTrux adds `_query`).
        accepted: The default reply.
        refused: The reply to a refusal, in the sender's dialect.
        waited: The reply of the `wait` flavour.
        echoes: Whether `echo`, `empty_echo` and `vendor` are understood in the query.
        urls: Name of each URL listed by the API -> template over {base}, {org}, {workflow}, {source}, {secret}, {key}.
    """

    name: str
    title: str
    routes: tuple[Route, ...]
    target: Callable[[Mapping[str, str], Values[str]], Target]
    slot: str | None
    carried: Literal["url", "signature"] = "url"
    checks: tuple[Check, ...] = ("enabled", "method", "allowlist", "api_key", "rate_limit")
    ipv4_only: bool = False
    parse: Callable[[Request], Parsed]
    present: Callable[[Any, Request], Any] = lambda payload, _request: payload
    accepted: Callable[[Receipt], Reply]
    refused: Callable[[Refusal], Reply]
    waited: Callable[[Waited], Reply] | None = None
    echoes: bool = False
    urls: Mapping[str, str] = field(default_factory=dict)
