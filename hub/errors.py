"""Every error type of the hub.

HubError                      base of all errors that the hub raises deliberately
├── Reject                    a sender is refused; `reason` is for the operator and never sent
│   └── Unavailable           the hub cannot decide now: 503
├── Drop                      a hook discards an event or message
├── Invalid                   bad input of an API caller; the answer names the field and what it must be
├── NotFound                  this org has no such object
├── Conflict                  a name is taken, or the state of the object does not allow the call: 409
│   └── PreconditionFailed    the object has changed since the caller read it: 412
├── Forbidden                 the key may not do this
├── AddressRefused            the egress guard refuses; `public` is for tenants, `str()` for operators
├── ActionFailed              an action failed; `retryable` says whether a retry may help
│   └── ExpressionError       an expression cannot be evaluated; names node, field and missing name
├── PluginError               a plugin breaks a rule of the API; carries the plugin's name
└── StoreError
    ├── KeysMissing           the keys cannot decrypt what is in the database
    ├── StoreUnavailable      the database did not commit: 503, nothing was accepted
    ├── StaleSource           the source changed between reading and accepting
    ├── NonceReplayed         a nonce was used before with another body
    └── Fenced                the lease is lost: another process owns the work now
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
    """Base of all errors that the hub raises deliberately."""


class Reject(HubError):
    """Refuse a request.

    Args:
        reason: For the operator, stored with the refused request and never sent.
        status: HTTP status from 400 to 599. `Vendor.refusals` or the dialect determines the body.
    """

    def __init__(self, reason: str, status: int = 401) -> None:
        if not 400 <= status <= 599:
            message = f"a refusal has a status from 400 to 599, not {status}"
            raise ValueError(message)
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Unavailable(Reject):
    """The hub cannot decide now. The answer is 503, never 401, so that the sender tries again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, 503)


class Drop(HubError):
    """Raised by `hub_event` or `hub_message` to discard an event or message; `reason` is recorded."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in the input of an API caller.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the field, such as `/nodes/0/action`.
        message: What is wrong, and what is right.
    """

    pointer: str
    message: str


class Invalid(HubError):
    """Input that cannot be accepted: 422 (or `status`), with one entry per error."""

    def __init__(self, detail: str, problems: tuple[Problem, ...] = (), status: int = 422) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = problems
        self.status = status


class NotFound(HubError):
    """This org has no such object. Objects of other orgs look the same."""


class Conflict(HubError):
    """A name is taken, or the thing is in a state that does not allow what was asked; answered 409 (or `status`)."""

    def __init__(self, detail: str, status: int = 409) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


class PreconditionFailed(Conflict):
    """The object has changed since the caller read it: 412. Nothing of the change was made."""

    def __init__(self, noun: str) -> None:
        super().__init__(f"the {noun} has changed since it was read: GET it again, then repeat the change", 412)


class Forbidden(HubError):
    """The key is known but may not do this: 403."""


class AddressRefused(HubError):
    """The egress guard refuses to connect.

    `str(error)` names the address and the rule, for operators; `public` is what tenants may read.
    """

    public = "address refused"


class ActionFailed(HubError):
    """An action of a workflow failed.

    Args:
        message: What went wrong, safe to show to the org.
        retryable: Whether a retry may help. The node's RETRY applies only then.
        retry_after: Seconds that the other side asks to wait, if it does.
    """

    def __init__(self, message: str, *, retryable: bool = True, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


class ExpressionError(ActionFailed):
    """An expression of a workflow cannot be evaluated. A retry never helps.

    Args:
        message: What is wrong, for the workflow's author.
        node: Id of the node, None for an expression of the workflow itself.
        field: Where the expression is: `with.url`, `if`, `result`.
        missing: The name that does not exist, if that is the reason.
    """

    def __init__(self, message: str, *, node: str | None, field: str, missing: str | None = None) -> None:
        place = f"node {node!r}, {field}" if node else field
        super().__init__(f"{place}: {message}", retryable=False)
        self.node = node
        self.field = field
        self.missing = missing


class PluginError(HubError):
    """A plugin breaks a rule of the API. `plugin` is its name."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(f"plugin {plugin}: {message}")
        self.plugin = plugin


class StoreError(HubError):
    """Base of the store's errors."""


class KeysMissing(StoreError):
    """The keys in the data directory cannot decrypt what is in the database."""


class StoreUnavailable(StoreError):
    """The database could not commit. Nothing of the operation was stored."""


class StaleSource(StoreError):
    """The source changed between the snapshot and the accepting transaction: read it and check the request again."""


class NonceReplayed(StoreError):
    """The nonce of a grant was used before, with another body."""


class Fenced(StoreError):
    """The write has an old fence: the lease has ended and another process owns the work."""


def described(error: BaseException | None) -> str:
    """Type and text of an exception, for reasons and logs."""
    return f"{type(error).__name__}: {error}"
