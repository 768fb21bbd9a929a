"""How GitHub signs: hex HMAC-SHA256 of the raw body in `X-Hub-Signature-256`, behind `sha256=`.

For forms too the HMAC is over the bytes as sent, not over the JSON inside. No signature covers the headers with event
name and delivery id. The older `X-Hub-Signature` (SHA-1) is not read. Source: GitHub Docs, "Validating webhook
deliveries".
"""

from __future__ import annotations

from hub import Credential, Hmac

__all__ = ["CREDENTIAL", "SCHEME"]

CREDENTIAL = Credential(title="Webhook secret", origin="hub")
"""Any text: the operator enters the same in GitHub. While it is being changed, the old and the new may both be live."""

SCHEME = Hmac(header="x-hub-signature-256", prefix="sha256=", slot=CREDENTIAL.slot)
"""Verifies deliveries; signs recorded ones for tests and `hub trigger`."""
