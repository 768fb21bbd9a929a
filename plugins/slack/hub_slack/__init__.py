"""Slack for the hub: Events API, interactivity, slash commands. The plugin's entry point is `vendor`."""

from __future__ import annotations

from importlib.resources import files

from hub import Vendor
from hub_slack.answers import REFUSALS, answer
from hub_slack.certificate_check import challenge
from hub_slack.event_types import CATALOG
from hub_slack.messages import POST_MESSAGE, RESPOND
from hub_slack.requests import read
from hub_slack.settings import SlackSettings
from hub_slack.signature import CREDENTIAL, SCHEME

__all__ = ["vendor"]

vendor = Vendor(
    name="slack",
    title="Slack",
    verify=SCHEME,
    read=read,
    challenge=challenge,
    reply=answer,
    refusals=REFUSALS,
    credentials=(CREDENTIAL,),
    settings=SlackSettings,
    deadline=2.5,
    catalog=CATALOG,
    actions=(POST_MESSAGE, RESPOND),
    guide=files(__name__).joinpath("guide.md").read_text(encoding="utf-8"),
)
"""Slack: everything is signed but the certificate check; three seconds to answer."""
