"""How Slack signs: version 0, hex HMAC-SHA256 of `v0:{timestamp}:{raw body}` behind `v0=`.

The timestamp is seconds in `X-Slack-Request-Timestamp` and counts for five minutes both ways. A retry is signed anew.
Source: Slack Developer Docs, "Verifying requests from Slack".
"""

from __future__ import annotations

from hub import Credential, Hmac

__all__ = ["CREDENTIAL", "SCHEME"]

CREDENTIAL = Credential(title="Signing secret", origin="vendor")
"""From *Basic Information → App Credentials* of the Slack app. While it is regenerated both may be live here."""

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
