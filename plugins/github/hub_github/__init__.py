"""GitHub webhooks for the hub. The plugin's entry point is `vendor`."""

from __future__ import annotations

from importlib.resources import files

from hub import Vendor
from hub_github.deliveries import FAILED_DELIVERIES, REDELIVER
from hub_github.event_types import CATALOG
from hub_github.events import read
from hub_github.issues import COMMENT, CREATE_ISSUE
from hub_github.signature import CREDENTIAL, SCHEME

__all__ = ["vendor"]

vendor = Vendor(
    name="github",
    title="GitHub",
    verify=SCHEME,
    read=read,
    credentials=(CREDENTIAL,),
    deadline=8,
    max_body=25 * 1024 * 1024,
    catalog=CATALOG,
    actions=(CREATE_ISSUE, COMMENT, FAILED_DELIVERIES, REDELIVER),
    guide=files(__name__).joinpath("guide.md").read_text(encoding="utf-8"),
)
"""GitHub: `X-Hub-Signature-256`, one event per delivery, payloads up to 25 MB, ten seconds to answer, no retries."""
