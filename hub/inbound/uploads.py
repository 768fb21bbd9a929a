"""The files of a multipart form, as they are kept beside its request."""

from __future__ import annotations

from hub.errors import Reject
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import VerifiedRequest
from hub.model.stored.files import FileRecord, NewFile, file_id
from hub.sdk.dialect import Refusal

__all__ = ["MAX_FILES", "uploads"]

MAX_FILES = 1_000
"""Most files of one request. Their size is bounded by that of the body."""

_FORM = "multipart/form-data"


def uploads(verified: VerifiedRequest) -> tuple[NewFile, ...]:
    """The files of a request; none for a form that cannot be read, which is the reader's to judge.

    A file's id follows from the request and its place in the form: where a request takes the steps again, since its
    source changed or since it was held, its files are the same ones.

    Raises:
        RequestRefused: 413, there are more than `MAX_FILES` files, or more parts than a form may have.
    """
    request = verified.request
    try:
        if not request.body or request.media_type != _FORM:
            return ()
        pairs = request.files().pairs
    except Reject as reject:
        if reject.status == 413:
            raise _too_many(reject.reason) from reject
        return ()
    if len(pairs) > MAX_FILES:
        raise _too_many(f"more than {MAX_FILES} files")
    arrival, source = verified.identified.arrival, verified.identified.source
    return tuple(
        [
            NewFile(
                FileRecord(
                    org=source.org,
                    id=file_id(arrival.id, str(place)),
                    field=_storable(name),
                    filename=_storable(part.filename),
                    media_type=_storable(part.media_type),
                    size=len(part.body),
                    created=arrival.received,
                    request=arrival.id,
                ),
                part.body,
            )
            for place, (name, part) in enumerate(pairs)
        ]
    )


def _storable(text: str) -> str:
    """The text without NUL, which not every database takes."""
    return text.replace("\x00", "\ufffd")


def _too_many(reason: str) -> RequestRefused:
    return RequestRefused(Refusal("read", "files", 413, reason, f"The request has {reason}"))
