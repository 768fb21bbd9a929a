"""Every error type of the hub.

HubError                      what the hub raises on purpose
├── Reject                    a sender is refused; `reason` for the operator, never sent
│   └── Unavailable           cannot decide now: 503
├── Drop                      a hook lets an event or message go on purpose
├── Invalid                   bad input of an API caller: the answer names field and cure
├── NotFound                  no such thing in this org
├── Conflict                  a name is taken, or the thing is in a state that does not allow it: 409
│   └── PreconditionFailed    the thing has changed since the caller read it: 412
├── Forbidden                 the key may not do this
├── AddressRefused            the egress guard says no; `public` for tenants, `str()` for operators
├── ActionFailed              an action ended in an error; `retryable` says whether a retry may help
│   └── ExpressionError       an expression could not be rendered; names node, field and missing name
├── PluginError               a plugin broke a promise; carries the plugin's name
└── StoreError
    ├── KeysMissing           the keys do not open what the database holds
    ├── StoreUnavailable      the database did not commit: 503, nothing was accepted
    ├── StaleSource           the source changed between reading and accepting
    ├── NonceReplayed         a nonce was used before with another body
    └── Fenced                the lease is lost: somebody else owns this work now
"""

from __future__ import annotations

__all__ = [
    "ActionFailed",
    "AddressRefused",
    "Conflict",
    "Drop",
    "ExpressionError",
    "Fenced",
    "Forbidden",
    "HubError",
    "Invalid",
    "KeysMissing",
    "NonceReplayed",
    "NotFound",
    "PluginError",
    "PreconditionFailed",
    "Problem",
    "Reject",
    "StaleSource",
    "StoreError",
    "StoreUnavailable",
    "Unavailable",
    "described",
]

from dataclasses import dataclass


class HubError(Exception):
    """Base of all errors that the hub raises on purpose."""


class Reject(HubError):
    """Refuse a request.

    Args:
        reason: For the operator, kept with the refused request; never sent.
        status: HTTP status from 400 to 599. What is sent with it: `Vendor.refusals`, else the dialect's own body.
    """

    def __init__(self, reason: str, status: int = 401) -> None:
        if not 400 <= status <= 599:
            message = f"a refusal has a status from 400 to 599, not {status}"
            raise ValueError(message)
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Unavailable(Reject):
    """Cannot decide now: answered 503, never turned into 401, so that the sender tries again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, 503)


class Drop(HubError):
    """Raised by `hub_event` or `hub_message` to let an event or message go; `reason` is recorded."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an API caller's input.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the field, such as `/nodes/0/action`.
        message: What is wrong and how to mend it.
    """

    pointer: str
    message: str


class Invalid(HubError):
    """Input that can never be accepted; answered 422 (or `status`) with one entry per fault."""

    def __init__(self, detail: str, problems: tuple[Problem, ...] = (), status: int = 422) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = problems
        self.status = status


class NotFound(HubError):
    """No such thing in this org (things of other orgs look the same)."""


class Conflict(HubError):
    """A name is taken, or the thing is in a state that does not allow what was asked; answered 409 (or `status`)."""

    def __init__(self, detail: str, status: int = 409) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class PreconditionFailed(Conflict):
    """The thing has changed since the caller read it: nothing of the change was made; answered 412."""

    def __init__(self, noun: str) -> None:
        super().__init__(f"the {noun} has changed since it was read: GET it again, then repeat the change", 412)


class Forbidden(HubError):
    """The key is known but may not do this; answered 403."""


class AddressRefused(HubError):
    """The egress guard refuses to dial.

    `str(error)` names address and rule and is for operators; `public` is what tenants may read.
    """

    public = "address refused"


class ActionFailed(HubError):
    """An action of a workflow ended in an error.

    Args:
        message: What went wrong, safe to show to the org.
        retryable: Whether trying again may help; the node's RETRY applies only then.
        retry_after: Seconds the other side asked us to wait, if it did.
    """

    def __init__(self, message: str, *, retryable: bool = True, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


class ExpressionError(ActionFailed):
    """An expression of a workflow could not be rendered; a retry never helps.

    Args:
        message: What is wrong, for the workflow's author.
        node: Id of the node, None for what belongs to the workflow itself.
        field: Where the expression stands within it: `with.url`, `if`, `result`.
        missing: The name that is not there, if that is the reason.
    """

    def __init__(self, message: str, *, node: str | None, field: str, missing: str | None = None) -> None:
        place = f"node {node!r}, {field}" if node else field
        super().__init__(f"{place}: {message}", retryable=False)
        self.node = node
        self.field = field
        self.missing = missing


class PluginError(HubError):
    """A plugin broke a promise of its API. `plugin` names it, for the blame."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(f"plugin {plugin}: {message}")
        self.plugin = plugin


class StoreError(HubError):
    """Base of the store's errors."""


class KeysMissing(StoreError):
    """The keys that are there do not open what the database holds; names the directory."""


class StoreUnavailable(StoreError):
    """The database could not commit; nothing of the operation was kept."""


class StaleSource(StoreError):
    """The source changed between the snapshot and the accepting transaction; read it again and re-check."""


class NonceReplayed(StoreError):
    """The nonce of a grant was claimed before with a different body."""


class Fenced(StoreError):
    """The write came with an old fence: the lease ended and somebody else owns the work."""


def described(error: BaseException | None) -> str:
    """Type and text of an exception, for reasons and logs."""
    return f"{type(error).__name__}: {error}"
