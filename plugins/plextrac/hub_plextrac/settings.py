"""What an operator sets on a source of this vendor."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PlexTracSettings"]


class PlexTracSettings(BaseModel):
    """PlexTracSettings of a PlexTrac source.

    Attributes:
        instance: Host of the PlexTrac instance that sends, which its payloads do not name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: Annotated[
        str | None,
        Field(
            title="PlexTrac instance",
            description="The instance that sends, such as acme.plextrac.com; becomes the account of its events.",
            min_length=1,
            max_length=253,
            pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        ),
    ] = None
