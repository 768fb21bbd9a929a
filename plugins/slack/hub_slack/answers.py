"""The answers to Slack: the challenge of a verification, else an acknowledgement within three seconds.

Slack shows the body of an answer to a user or takes it as an instruction, so acknowledgements are empty unless the
source's settings say otherwise. A workflow's `respond` node takes precedence. Source: Slack Developer Docs, "The Events
API" (URL verification, `X-Slack-No-Retry`), "Handling user interaction" (acknowledgement responses).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hub import Outcome, Reply, Request, Source
from hub_slack.requests import FORM
from hub_slack.settings import SlackSettings

__all__ = ["REFUSALS", "answer"]

_NEVER_AGAIN = {"x-slack-no-retry": "1"}

REFUSALS: Mapping[int, Reply] = MappingProxyType(
    {status: Reply(status, headers=_NEVER_AGAIN) for status in (400, 401, 403, 405, 413, 415, 422)}
)
"""Refusals that a retry would meet again. Rate limits and 503 are left out: after these Slack should retry."""


def answer(request: Request, source: Source, outcome: Outcome) -> Reply:
    """The answer to a verified request, duplicates too."""
    if request.media_type != FORM:
        body = request.json()
        if body.get("type") == "url_verification":
            return Reply(200, {"challenge": body["challenge"]})
        return Reply(200)
    settings = source.settings if isinstance(source.settings, SlackSettings) else SlackSettings()
    for event in outcome.events:
        if (body := _acknowledgement(event.type, settings)) is not None:
            return Reply(200, body)
    return Reply(200)


def _acknowledgement(event_type: str, settings: SlackSettings) -> dict[str, Any] | None:
    if event_type == "slash_command":
        visible = {"response_type": "in_channel"} if settings.command_visible else {}
        text = {"text": settings.command_text} if settings.command_text else {}
        return visible | text or None
    if event_type == "view_submission" and settings.close_all_views:
        return {"response_action": "clear"}
    return None
