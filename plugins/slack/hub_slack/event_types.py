"""The catalog: every type of the Events API, of interactivity, and slash commands.

Names are those of the inner event. Structure follows Slack's published SDK types. What payloads share (the envelope,
files, users, views) is in `definitions.json`, once. Only fields that tell what happened to what are required.
"""

from __future__ import annotations

from hub import Catalog

__all__ = ["CATALOG"]

CATALOG = Catalog.of_package("hub_slack")
"""Every type with schema and example."""
