"""Examples of log events, for any event type, in the form that Okta documents."""

from __future__ import annotations

from typing import Any

__all__ = ["example"]

_ACTOR = {
    "id": "00u1abcdefGHIJKLM0h8",
    "type": "User",
    "alternateId": "admin@example.com",
    "displayName": "Ada Admin",
    "detailEntry": None,
}

_TARGETS: dict[str, tuple[str, str, str, str]] = {
    "app": ("AppInstance", "0oa1abcdefGHIJKLM0h8", "Example App", "Example App"),
    "device": ("Device", "guo1abcdefGHIJKLM0h8", "unknown", "Example laptop"),
    "group": ("UserGroup", "00g1abcdefGHIJKLM0h8", "unknown", "Sales"),
    "iam": ("ROLE", "cr01abcdefGHIJKLM0h8", "unknown", "Help desk"),
    "policy": ("PolicyEntity", "00p1abcdefGHIJKLM0h8", "unknown", "Default Policy"),
    "user": ("User", "00u2abcdefGHIJKLM0h8", "grace@example.com", "Grace Example"),
}
"""By the first word of an event type (or its family): the target of the event."""

_FAMILY = {"application": "app", "certification": "user", "access": "user", "security": "user"}

_PLACE = {
    "city": "Toronto",
    "state": "Ontario",
    "country": "Canada",
    "postalCode": "M4M",
    "geolocation": {"lat": 43.6567, "lon": -79.34},
}

_ADDRESS = "203.0.113.7"


def example(name: str, summary: str) -> dict[str, Any]:
    """A log event of type `name` with `summary` as its message: a new value that fits the schema."""
    return {
        "uuid": "f1d0b993-cc19-11ed-a688-db22c99ef6c4",
        "published": "2026-03-26T21:05:32.159Z",
        "eventType": name,
        "version": "0",
        "displayMessage": summary,
        "severity": "INFO",
        "client": _client(),
        "device": None,
        "actor": dict(_ACTOR),
        "outcome": {"result": "SUCCESS", "reason": None},
        "target": _target(name),
        "transaction": {"type": "WEB", "id": "ZCCzm8j2wTvzwele2NwLnwAADSc", "detail": {}},
        "debugContext": {"debugData": {"requestId": "ZCCzm8j2wTvzwele2NwLnwAADSc", "requestUri": "/api/v1/example"}},
        "legacyEventType": None,
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "authenticationStep": 0,
            "externalSessionId": "idxyNcxVX2ESsSL0u462548Qg",
            "interface": None,
        },
        "securityContext": {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None},
        "insertionTimestamp": None,
    }


def _client() -> dict[str, Any]:
    hop = {"ip": _ADDRESS, "geographicalContext": _PLACE, "version": "V4", "source": None}
    return {
        "userAgent": {"rawUserAgent": "Mozilla/5.0 (X11; Linux x86_64)", "os": "Linux", "browser": "FIREFOX"},
        "zone": "null",
        "device": "Computer",
        "id": None,
        "ipAddress": _ADDRESS,
        "geographicalContext": _PLACE,
        "ipChain": [hop],
    }


def _target(name: str) -> list[dict[str, Any]]:
    """One target per type; a group membership has two, the user and the group."""
    words = name.split(".")
    kinds = [_FAMILY.get(words[0], words[0])]
    if len(words) > 1 and words[1].startswith("user_"):
        kinds.insert(0, "user")
    return [
        {"id": known, "type": kind, "alternateId": alternate, "displayName": shown, "detailEntry": None}
        for kind, known, alternate, shown in (_TARGETS[kind] for kind in kinds if kind in _TARGETS)
    ]
