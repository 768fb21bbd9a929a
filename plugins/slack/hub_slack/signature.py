"""How Slack signs: version 0, hex HMAC-SHA256 of `v0:{timestamp}:{raw body}` behind `v0=`.

The timestamp, in `X-Slack-Request-Timestamp`, is in seconds and may differ from the time of receipt by five minutes. A
retry has a new signature. Source: Slack Developer Docs, "Verifying requests from Slack".
"""

from __future__ import annotations

from hub import Credential, Hmac

__all__ = ["CREDENTIAL", "SCHEME"]

CREDENTIAL = Credential(title="Signing secret", origin="vendor")
"""From *Basic Information → App Credentials* of the Slack app. Old and new may both be live while it is regenerated."""

SCHEME = Hmac(
    header="x-slack-signature",
    prefix="v0=",
    content="v0:{timestamp}:{body}",
    timestamp="x-slack-request-timestamp",
    past=300,
    future=300,
    slot=CREDENTIAL.slot,
)
"""Verifies what Slack sends; signs recorded requests for tests and `hub trigger`."""
