"""The catalog: every webhook event of GitHub with its actions.

Names and structure follow GitHub's published OpenAPI description. One schema serves all actions of an event. What
payloads share (users, repositories, issues, …) is in `definitions.json`, once. Only what GitHub always sends is
required, so that payloads of GitHub Enterprise Server fit too.
"""

from __future__ import annotations

from hub import Catalog

__all__ = ["CATALOG"]

CATALOG = Catalog.of_package("hub_github")
"""Every type, `<event>.<action>` or `<event>`, with schema and example."""
