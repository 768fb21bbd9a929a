"""Dialects: the URLs and replies that existing senders are used to.

A dialect is data and pure functions; the inbound pipeline does the work. A plugin registers one with
`registry.dialect(Dialect(...))`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord
from hub.model.stored.source import SourceRecord
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.values import Values

__all__ = [
    "AdmitCheck",
    "Dialect",
    "DialectRoute",
    "DialectTarget",
    "Flavour",
    "ParsedBody",
    "Receipt",
    "Refusal",
    "StartedExecution",
    "WaitedReceipt",
]

Flavour = Literal["default", "wait", "draft"]
"""default: answers once the request is stored. wait: answers the result. draft: runs the unpublished draft."""
AdmitCheck = Literal["enabled", "method", "allowlist", "api_key", "rate_limit"]
"""The checks of a request's head, before its body is read."""


@dataclass(frozen=True, slots=True)
class DialectRoute:
    """One URL of a dialect.

    Attributes:
        path: A werkzeug rule, whose parameters are passed to `Dialect.target`.
        methods: HTTP methods that reach the pipeline, which then applies the source's own list; None: every method.
        flavour: `wait` answers the result, `draft` runs the unpublished draft.
    """

    path: str
    methods: tuple[str, ...] | None = None
    flavour: Flavour = "default"


@dataclass(frozen=True, slots=True)
class DialectTarget:
    """The source that a URL points to, and the credential in the URL.

    Attributes:
        workflow: Id (`wf_…` or UUID) of a workflow, for its own source.
        source: Id of a source.
        org: Slug of the org that must own it; None: any.
        secret: The credential in the URL; None if URLs of the dialect have none.
    """

    workflow: str | None = None
    source: str | None = None
    org: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """A body as the dialect reads it.

    Attributes:
        payloads: One payload per event. A generator is read only as far as the limit of events allows, and others get
            their turns meanwhile; it may raise `Reject` like `Dialect.parse`.
        batch: Whether the body was a batch (NDJSON).
    """

    payloads: Iterable[Any]
    batch: bool = False

    @property
    def whole(self) -> Any:
        """The whole parsed body: the list of a batch, else the one payload."""
        return list(self.payloads) if self.batch else next(iter(self.payloads))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused.

    Attributes:
        step: The inbound step that refused it: identify, admit, guard, challenge, verify, read, event, accept.
        check: Which check of the step: `unknown`, `url_secret`, `enabled`, `method`, `allowlist`, `api_key`,
            `rate_limit`, `body_size`, `body`, `vendor`, `unpublished`, `hmac`, `shared_key`, `signature`, …
        status: HTTP status that the step asks for; a dialect may answer with another one.
        reason: For the operator; never sent.
        public: A sentence that may be sent; empty if there is none.
        retry_after: Seconds, for 429 and 503.
    """

    step: str
    check: str
    status: int
    reason: str
    public: str = ""
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class StartedExecution:
    """An execution that a request started; for a duplicate, one that the first request started."""

    workflow: Id
    execution: Id
    data: Any = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """An accepted request, as far as a dialect may tell the sender.

    Attributes:
        request: The request.
        source: The record of its source. Its fields may change with a minor version of the hub.
        started: The executions that it started.
        payload: The parsed body, for an echo.
        batch: Whether the body was a batch, so that all executions are listed.
        duplicate: Whether the request is a duplicate.
    """

    request: Request
    source: SourceRecord
    started: tuple[StartedExecution, ...]
    payload: Any = None
    batch: bool = False
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class WaitedReceipt:
    """A receipt with the executions that were waited for.

    Attributes:
        executions: The record of each started execution, None if it is not finished by the deadline. Its fields may
            change with a minor version of the hub.
        envelopes: The download envelope of each execution whose result is over the threshold, else None.
        status_urls: The status URL of each execution.
    """

    receipt: Receipt
    executions: tuple[ExecutionRecord | None, ...]
    envelopes: tuple[Mapping[str, Any] | None, ...] = field(default=())
    status_urls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The URLs of a kind of sender and the form of their replies.

    Attributes:
        name: Lower-case letters, digits and dashes.
        title: Name for people.
        routes: Its URLs.
        target: Route parameters and query -> the source that is meant. Pure; must not raise.
        slot: Slot of the dialect's own credential. A source on which it is not set refuses, unless it is open.
        carried: Where the credential is: `url` (in `DialectTarget.secret`) or `signature` (checked in verify).
        checks: The admit checks, in the dialect's order.
        ipv4_only: Whether the allowlist takes IPv4 addresses only.
        parse: Body -> payloads, for sources without a vendor. Raises `Reject` (400), whose reason is sent.
        present: Payload and request -> the payload as the workflow sees it (FlowTrux adds `_query`).
        accepted: The default reply to an accepted request.
        refused: The reply to a refused request.
        waited: The reply of the `wait` flavour.
        echoes: Whether `echo`, `empty_echo` and `vendor` are read from the query.
        urls: Names of the URLs that the API lists -> template of {base}, {org}, {workflow}, {source}, {secret}, {key}.
    """

    name: str
    title: str
    routes: tuple[DialectRoute, ...]
    target: Callable[[Mapping[str, str], Values[str]], DialectTarget]
    slot: str | None
    carried: Literal["url", "signature"] = "url"
    checks: tuple[AdmitCheck, ...] = ("enabled", "method", "allowlist", "api_key", "rate_limit")
    ipv4_only: bool = False
    parse: Callable[[Request], ParsedBody]
    present: Callable[[Any, Request], Any] = lambda payload, _request: payload
    accepted: Callable[[Receipt], Reply]
    refused: Callable[[Refusal], Reply]
    waited: Callable[[WaitedReceipt], Reply] | None = None
    echoes: bool = False
    urls: Mapping[str, str] = field(default_factory=dict)
