"""Downloads of files: those that senders uploaded, and those that executions kept."""

from __future__ import annotations

import re
from urllib.parse import quote

from quart import Blueprint, Response
from quart_schema import tag_blueprint

from hub.api.web.auth import caller, requires
from hub.api.web.rendering import path_id
from hub.api.web.services import services

__all__ = ["attachment", "blueprint", "harmless_type"]

blueprint = Blueprint("files", __name__, url_prefix="/api/files")
tag_blueprint(blueprint, {"requests"})

_LONGEST_NAME = 200
_PLAIN = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_ACTIVE = frozenset(
    (
        *("html", "xhtml", "xml", "xsl", "xslt", "svg", "css", "manifest", "multipart", "message"),
        *("javascript", "ecmascript", "jscript", "livescript", "wasm", "flash"),
    )
)
"""Words in the types of what a browser may run, may render with scripts in it, or may apply to a page."""
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that no name of a file should have: controls, separators, and what turns the direction of writing."""


@blueprint.get("/<ref>")
@requires("view")
async def download(ref: str) -> Response:
    """Download a file by the `ref` that stands in `trigger.files`."""
    hub, who = services(), caller()
    file = path_id("file", ref)
    record = await hub.store.files.get(who.org.id, file)
    response = Response(await hub.store.files.content(who.org.id, file), content_type=harmless_type(record.media_type))
    # Whatever the sender says that it is: nobody's browser shows or runs it as a page of the hub.
    response.headers["Content-Disposition"] = attachment(record.filename or ref)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def harmless_type(media_type: str) -> str:
    """The media type of a download: that of the sender, unless a browser might run what has it."""
    harmless = _TYPE.fullmatch(media_type) and _ACTIVE.isdisjoint(re.split(r"[^a-z]", media_type))
    return media_type if harmless else _PLAIN


def attachment(filename: str) -> str:
    """The value of Content-Disposition for a name that anybody may have chosen (RFC 6266, RFC 8187).

    It can be neither a path nor another header. ASCII text stands in `filename`; any other name also in `filename*`.
    """
    name = _UNSAFE.sub("_", filename)[:_LONGEST_NAME]
    plain = re.sub(r"[^\x20-\x7e]", "_", name).replace('"', "'").replace("%", "_")
    value = f'attachment; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"
