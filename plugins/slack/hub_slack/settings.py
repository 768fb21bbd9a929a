"""What an operator sets on a source of this vendor: how Slack is acknowledged."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SlackSettings"]


class SlackSettings(BaseModel):
    """SlackSettings of a Slack source.

    Attributes:
        command_text: Text that the user of a slash command sees at once; empty: none.
        command_visible: Whether the whole channel sees the command and `command_text`, not only its user.
        close_all_views: Whether a submitted modal closes the modals beneath it too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command_text: Annotated[
        str,
        Field(
            title="Answer to slash commands",
            description="Shown at once while the workflow runs; leave empty for nothing.",
            max_length=3_000,
        ),
    ] = ""
    command_visible: Annotated[
        bool, Field(title="Show in the channel", description="Everybody in the channel sees command and answer.")
    ] = False
    close_all_views: Annotated[
        bool, Field(title="Close all modals", description="A submitted modal closes those beneath it too.")
    ] = False
