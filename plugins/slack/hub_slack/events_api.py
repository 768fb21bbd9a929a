"""The Events API: an envelope around one event.

`event_id` is the same in a retry (`X-Slack-Retry-Num`), so a retry starts nothing if the first try was stored, and runs
if that was lost. Source: Slack Developer Docs, "The Events API".
"""

from __future__ import annotations

from typing import Any

from hub import Event, Reject
from hub_slack.fields import moment, part, text

__all__ = ["CONTROL", "envelope_events"]

CONTROL = frozenset({"app_rate_limited", "app_uninstalled", "app_uninstalled_team", "tokens_revoked"})
"""Events about the state of the app itself; they start only workflows that name them."""


def envelope_events(body: Any) -> list[Event]:
    """The event in an envelope, with the envelope as its data; none for `url_verification`.

    Raises:
        Reject: Status 400: the body is not an envelope.
    """
    kind = text(body, "type") if isinstance(body, dict) else None
    if kind is None:
        raise Reject("the body is not a JSON object with a type", 400)
    if kind == "url_verification":
        if text(body, "challenge") is None:
            raise Reject("url_verification without a challenge", 400)
        return []
    if kind == "event_callback":
        return [_callback(body)]
    return [_notice(kind, body)]


def _callback(body: dict[str, Any]) -> Event:
    name = text(part(body, "event"), "type")
    if name is None:
        raise Reject("event_callback without an event and its type", 400)
    return Event(
        name,
        body,
        id=text(body, "event_id"),
        time=moment(body.get("event_time")),
        account=_workspace(body),
        control=name in CONTROL,
    )


def _notice(kind: str, body: dict[str, Any]) -> Event:
    """An event without an envelope: `app_rate_limited`, once per workspace and minute."""
    minute = body.get("minute_rate_limited")
    return Event(
        kind,
        body,
        id=f"{kind}/{minute}" if isinstance(minute, int) else None,
        time=moment(minute),
        account=_workspace(body),
        control=kind in CONTROL,
    )


def _workspace(body: dict[str, Any]) -> str | None:
    """The workspace, or the organization if the app is installed in a whole one."""
    return text(body, "team_id") or text(body, "enterprise_id")
