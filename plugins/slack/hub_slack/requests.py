"""Reads requests: JSON is the Events API, a form with `payload` interactivity, one with `command` a slash command."""

from __future__ import annotations

from collections.abc import Iterator

from hub import Event, Reject, Request, Source
from hub_slack.commands import slash_command
from hub_slack.events_api import envelope_events
from hub_slack.interactivity import interaction

__all__ = ["FORM", "read"]

FORM = "application/x-www-form-urlencoded"
"""Interactivity and slash commands come as forms, the Events API as JSON."""


def read(request: Request, source: Source) -> Iterator[Event]:
    """The event of a verified request; none for Slack's verification of the URL.

    Raises:
        Reject: Status 400: it is none of the three kinds, or malformed.
    """
    del source
    return iter(_events(request))


def _events(request: Request) -> list[Event]:
    if request.media_type != FORM:
        return envelope_events(request.json())
    form = request.form()
    if "command" in form:
        return [slash_command(form)]
    if "payload" in form:
        return [interaction(request.json_field("payload"))]
    raise Reject("the form has neither payload nor command", 400)
