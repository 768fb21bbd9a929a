"""`X-Authorization-HMAC-256`: the lower-case hex HMAC-SHA256 of the raw body under the webhook's secret, in and out.

PlexTrac's page on webhooks says to concatenate secret and body before hashing. Its page on verifying sender requests
computes the plain HMAC, as PlexTrac does. SHA-256 over secret and body is refused.
"""

from __future__ import annotations

from hub import Credential, Hmac

__all__ = ["CREDENTIAL", "SCHEME"]

SCHEME = Hmac(header="x-authorization-hmac-256")
"""Verifies what PlexTrac sends and signs what the hub sends; registered as `plextrac`."""

CREDENTIAL = Credential(slot="signing", title="Webhook secret", origin="hub")
"""Any text; its UTF-8 bytes are the key."""
