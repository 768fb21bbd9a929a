"""Okta deliveries for tests, in the shape of the plugin's recorded requests."""

from __future__ import annotations

from typing import Any

__all__ = ["SECRET", "delivery", "okta_source"]

SECRET = "okta-shared-secret-0123456789"


def okta_source(**fields: Any) -> dict[str, Any]:
    """A source bound to Okta."""
    return {"vendor": "okta", "signing_secrets": [SECRET], **fields}


def delivery(*uuids: str, event_type: str = "user.session.start") -> dict[str, Any]:
    """An event hook delivery with one event for each uuid."""
    events = [
        {
            "uuid": uuid,
            "published": "2026-01-01T00:00:00.000Z",
            "eventType": event_type,
            "version": "0",
            "severity": "INFO",
            "displayMessage": "User login to Okta",
            "actor": {"id": "00u1", "type": "User", "alternateId": "ada@example.com", "displayName": "Ada"},
        }
        for uuid in uuids
    ]
    return {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": "https://example.okta.com/api/v1/eventHooks/who1",
        "eventId": f"hook-{uuids[0]}",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "contentType": "application/json",
        "data": {"events": events},
    }
