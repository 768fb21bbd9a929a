"""The catalog: the types that Okta lists as event-hook-eligible, and the inline hooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub import Catalog, Recorded
from hub_okta.examples import example

__all__ = ["CATALOG"]


def _catalog() -> Catalog:
    recorded = _recorded()
    types = Catalog.of_package("hub_okta")
    return Catalog(
        tuple(
            replace(one, example=recorded.get(one.name) or one.example or example(one.name, one.summary))
            for one in types
        )
    )


def _recorded() -> Mapping[str, Any]:
    """The first recorded log event of each type."""
    events: dict[str, Any] = {}
    for recording in Recorded.of_package("hub_okta"):
        if recording.verified:
            for event in json.loads(recording.body)["data"].get("events", ()):
                events.setdefault(event["eventType"], event)
    return events


CATALOG = _catalog()
"""Every type with the schema of the log event and an example, a recorded one where there is one."""
