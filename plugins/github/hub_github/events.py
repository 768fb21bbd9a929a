"""Reads a delivery: one event, named by `X-GitHub-Event` and the payload's `action`.

The operator chooses the content type of a webhook: application/json, or application/x-www-form-urlencoded with the JSON
in the field `payload`. `X-GitHub-Delivery` is the same when a delivery is sent again: a redelivery of one that arrived
starts nothing, and one of a lost delivery runs. Source: GitHub Docs, "Webhook events and payloads".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hub import Event, Reject, Request, Source

__all__ = ["CONTROL", "read"]

CONTROL = frozenset(
    {"github_app_authorization", "installation", "installation_repositories", "installation_target", "meta", "ping"}
)
"""Events about the webhook or the app itself, sent without a subscription; they start only workflows that name them."""

_FORM = "application/x-www-form-urlencoded"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_LONGEST_ACTION = 100


def read(request: Request, source: Source) -> Iterator[Event]:
    """The event of a delivery; its data is the payload.

    Raises:
        Reject: Status 400: one of GitHub's headers is missing or repeated, or the payload is not a JSON object.
    """
    del source
    name = request.headers["x-github-event"]
    delivery = request.headers["x-github-delivery"]
    if not _NAME.fullmatch(name):
        raise Reject("x-github-event is not the name of an event", 400)
    if not delivery:
        raise Reject("x-github-delivery is empty", 400)
    payload = _payload(request)
    return iter([Event(_type(name, payload), payload, id=delivery, account=_account(payload), control=name in CONTROL)])


def _payload(request: Request) -> dict[str, Any]:
    payload = request.json_field("payload") if request.media_type == _FORM else request.json()
    if not isinstance(payload, dict):
        raise Reject("the payload is not a JSON object", 400)
    return payload


def _type(name: str, payload: dict[str, Any]) -> str:
    action = payload.get("action")
    named = isinstance(action, str) and 0 < len(action) <= _LONGEST_ACTION
    return f"{name}.{action}" if named else name


def _account(payload: dict[str, Any]) -> str | None:
    """The organization or user in whose account it happened; for an app's own events, the account that installed it."""
    owner = _part(payload, "repository", "owner")
    return (
        _text(_part(payload, "organization").get("login"))
        or _text(owner.get("login"))
        or _text(owner.get("name"))
        or _text(_part(payload, "installation", "account").get("login"))
        or _text(_part(payload, "account").get("login"))
        or _text(_part(payload, "enterprise").get("slug"))
    )


def _part(value: Any, *names: str) -> dict[str, Any]:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
