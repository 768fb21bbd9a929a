"""What an operator sets on a source of this vendor."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["DEFAULT_HEADER", "OktaSettings"]

DEFAULT_HEADER = "authorization"
"""The header that Okta recommends for the secret (concepts/event-hooks, "HTTP headers")."""

_TAKEN = frozenset(
    {"accept", "connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent"}
    | {"x-okta-verification-challenge"}
)


class OktaSettings(BaseModel):
    """OktaSettings of an Okta source.

    Attributes:
        header: Name of the header in which Okta sends the secret, in any case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: Annotated[
        str,
        Field(
            title="Authentication field",
            description="The header in which Okta sends the secret, as in the event hook's settings.",
            max_length=100,
            pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
        ),
    ] = DEFAULT_HEADER

    @field_validator("header")
    @classmethod
    def _free(cls, value: str) -> str:
        name = value.lower()
        if name in _TAKEN:
            raise ValueError(
                f"{value} already has another meaning; choose Authorization or a header such as X-Okta-Secret"
            )
        return name
