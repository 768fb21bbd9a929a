"""Slash commands: a plain form. Source: Slack Developer Docs, "Implementing slash commands"."""

from __future__ import annotations

from hub import Event, Reject, Values

__all__ = ["slash_command"]


def slash_command(form: Values[str]) -> Event:
    """The event `slash_command`, with the form's fields as its data. `trigger_id` is unique to a command.

    Raises:
        Reject: Status 400: a field is given twice, or `command` is empty.
    """
    fields = {name: form[name] for name in form}
    if not fields["command"]:
        raise Reject("the command is empty", 400)
    return Event(
        "slash_command",
        fields,
        id=fields.get("trigger_id") or None,
        account=fields.get("team_id") or fields.get("enterprise_id") or None,
    )
