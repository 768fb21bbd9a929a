"""Reads a webhook: one thin event that names what happened to which object.

The payload is `{cuid, actorCuid, event, targetCuid or targetCuids, targetType, text}` and clientId, reportId,
findingId, assessmentId where they apply (api-documentation/webhooks/webhook-payload-structure). `cuid` is unique to a
webhook request, and a retry has the same.
"""

from __future__ import annotations

from typing import Any

from hub import Event, Reject, Request, Source
from hub_plextrac.settings import PlexTracSettings

__all__ = ["TEST_EVENT", "read"]

TEST_EVENT = "testWebhook"
"""The event by which PlexTrac tests a connection."""


def read(request: Request, source: Source) -> tuple[Event, ...]:
    """The event of a webhook.

    Raises:
        Reject: Status 400: the body is not a webhook of PlexTrac.
    """
    payload = request.json()
    name = _text(payload.get("event")) if isinstance(payload, dict) else None
    if name is None:
        raise Reject("the body has no text in `event`, which webhooks of PlexTrac have", 400)
    settings = source.settings
    return (
        Event(
            name,
            payload,
            id=_text(payload.get("cuid")),
            account=settings.instance if isinstance(settings, PlexTracSettings) else None,
            control=name == TEST_EVENT,
        ),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
