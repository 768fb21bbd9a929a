"""Okta event hooks and inline hooks for the hub. The plugin's entry point is `vendor`."""

from __future__ import annotations

from importlib.resources import files

from hub import Vendor
from hub_okta.answers import reply
from hub_okta.event_types import CATALOG
from hub_okta.events import read
from hub_okta.handshake import challenge
from hub_okta.settings import OktaSettings
from hub_okta.verification import CREDENTIAL, scheme

__all__ = ["vendor"]

vendor = Vendor(
    name="okta",
    title="Okta",
    verify=scheme,
    read=read,
    challenge=challenge,
    reply=reply,
    credentials=(CREDENTIAL,),
    settings=OktaSettings,
    methods=("GET", "POST"),
    deadline=3,
    catalog=CATALOG,
    guide=files(__name__).joinpath("guide.md").read_text(encoding="utf-8"),
)
"""Okta: unsigned one-time verification, a shared secret, several log events in one delivery, inline hooks."""
