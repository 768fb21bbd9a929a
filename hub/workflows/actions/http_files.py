"""Files in the settings of `http.request`, and how they are sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from hub.errors import ActionFailed
from hub.model.wire.forms import Part
from hub.sdk.action import ActionContext
from hub.workflows.actions.multipart import multipart_body

__all__ = ["MAX_FILE_BYTES", "Body", "FileBody", "Files", "by_field", "file_content", "form_content"]

MAX_FILE_BYTES = 64 << 20
"""Most bytes of all files of one call together."""

_PLAIN = "application/octet-stream"
_TYPE = r"^[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}(;[ -~]{0,100})?$"


class FileToSend(BaseModel):
    """A file: its reference, or an entry of `trigger.files`, or `{file, filename?, media_type?}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, Field(pattern=r"^file_[0-9a-zA-Z]{22}$", description="The `ref` of a file.")]
    filename: Annotated[str | None, Field(max_length=1_000, description="The file's own if left out.")] = None
    media_type: Annotated[str | None, Field(pattern=_TYPE, description="The file's own if left out.")] = None

    @model_validator(mode="before")
    @classmethod
    def _reference(cls, value: object) -> object:
        if isinstance(value, str):
            return {"file": value}
        if not isinstance(value, Mapping):
            return value
        if "ref" in value:
            return {"file": value["ref"]}
        file = value.get("file")
        return {**value, "file": file["ref"]} if isinstance(file, Mapping) and "ref" in file else value

    async def read(self, context: ActionContext, max_bytes: int) -> Part:
        """The file as it is sent. Raises as `ActionContext.file`."""
        part = await context.file(self.file, max_bytes=max_bytes)
        media_type = self.media_type or (part.media_type if _fit(part.media_type) else _PLAIN)
        filename = part.filename or self.file if self.filename is None else self.filename
        return Part(filename, media_type, part.body)


class FileBody(FileToSend):
    """`{file, media_type?}`: a body that is a file."""


def _body_kind(value: object) -> str:
    return "text" if isinstance(value, str) else "file"


def _files_kind(value: object) -> str:
    return "list" if isinstance(value, list | tuple) else "file"


Body = Annotated[Annotated[str, Tag("text")] | Annotated[FileBody, Tag("file")], Discriminator(_body_kind)]
"""A text, or a file. A fault is told of the form alone that the value has."""

Files = Annotated[
    Annotated[FileToSend, Tag("file")] | Annotated[list[FileToSend], Tag("list")], Discriminator(_files_kind)
]
"""A file, or a list of files."""


def by_field(value: object) -> object:
    """The entries of `trigger.files` under the names of their fields; any other value unchanged."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) and "ref" in one for one in value):
        return value
    fields: dict[str, list[object]] = {}
    for one in value:
        fields.setdefault(str(one.get("field") or ""), []).append(one)
    return fields


async def file_content(body: FileToSend, context: ActionContext) -> tuple[bytes, str]:
    """A body that is a file, and its media type."""
    part = await body.read(context, MAX_FILE_BYTES)
    return part.body, part.media_type


async def form_content(
    fields: Sequence[tuple[str, str]],
    files: Mapping[str, FileToSend | Sequence[FileToSend]],
    context: ActionContext,
) -> tuple[bytes, str]:
    """A multipart form, and its media type.

    Raises:
        ActionFailed: A file is missing, or all of them together have more than `MAX_FILE_BYTES`.
    """
    parts: list[tuple[str, Part]] = []
    left = MAX_FILE_BYTES
    for name, given in files.items():
        for one in [given] if isinstance(given, FileToSend) else given:
            part = await one.read(context, MAX_FILE_BYTES)
            left -= len(part.body)
            if left < 0:
                raise ActionFailed(f"the files have more than {MAX_FILE_BYTES} bytes together", retryable=False)
            parts.append((name, part))
    # The same in every try, and nothing that who sent the files could have known.
    boundary = hashlib.sha256(context.idempotency_key.encode()).hexdigest()
    return multipart_body(boundary, fields, parts), f"multipart/form-data; boundary={boundary}"


def _fit(media_type: str) -> bool:
    """Whether what a sender wrote can be sent on in a header."""
    return re.fullmatch(_TYPE, media_type) is not None
