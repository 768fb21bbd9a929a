"""Interactivity: buttons, menus, modals, shortcuts; a form whose field `payload` holds JSON.

`trigger_id` is unique to an interaction and finds duplicates. A closed modal has none, since nothing can be opened from
it; a view is closed once, so its id is used. Source: Slack Developer Docs, "Handling user interaction",
"Interaction payloads", "View interaction payloads".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import Event, Reject
from hub_slack.fields import moment, part, text

__all__ = ["interaction"]


def interaction(told: Any) -> Event:
    """The event of a payload; its type is the payload's: `block_actions`, `view_submission`, ….

    Raises:
        Reject: Status 400: the payload is not a JSON object with a type.
    """
    if not isinstance(told, dict):
        raise Reject("the payload is not a JSON object", 400)
    kind = text(told, "type")
    if kind is None:
        raise Reject("the payload has no type", 400)
    return Event(
        kind,
        told,
        id=text(told, "trigger_id") or _closing(kind, told),
        time=moment(_when(told)),
        account=text(part(told, "team"), "id") or text(part(told, "enterprise"), "id"),
    )


def _closing(kind: str, told: Mapping[str, Any]) -> str | None:
    view = text(part(told, "view"), "id") if kind == "view_closed" else None
    return f"{kind}/{view}" if view else None


def _when(told: Mapping[str, Any]) -> str | None:
    """Shortcuts and dialogs have the time themselves, block actions in each action."""
    if found := text(told, "action_ts"):
        return found
    actions = told.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    return text(first, "action_ts") if isinstance(first, dict) else None
