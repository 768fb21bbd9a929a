"""The page `/docs/signature`: paste a delivery as its receiver got it, and see whether the signature is right.

The page has no script and no cookie. The key is entered in the form, used for one answer and never written back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from quart import Blueprint, Response, request
from quart_schema import hide

from hub.api.outbound.signature_check import check_signature
from hub.api.web.auth import Unauthorized, authenticated
from hub.api.web.pages import html
from hub.api.web.rendering import path_id
from hub.api.web.services import Services, services
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.model.stored.outbound import SubscriptionRecord
from hub.model.wire.values import Values

__all__ = ["blueprint", "pasted_headers"]

blueprint = Blueprint("signature", __name__)

_STATUS: dict[type[Exception], int] = {Unauthorized: 401, Forbidden: 403, NotFound: 404, Conflict: 409, Invalid: 422}


@dataclass
class _Form:
    """The fields of the form. The page never shows the key."""

    subscription: str = ""
    org: str = ""
    headers: str = ""
    body: str = ""
    file: bytes = b""
    key: str = field(default="", repr=False)

    @staticmethod
    async def sent() -> _Form:
        """The submitted form."""
        fields, files = await request.form, await request.files
        texts = {name: str(fields.get(name, "")) for name in ("subscription", "org", "headers", "body", "key")}
        upload = files.get("file")
        return _Form(**texts, file=b"" if upload is None else upload.read())

    def bodies(self) -> tuple[bytes, ...]:
        """The possible bodies: browsers send every pasted line break as CRLF, so the original may have had LF."""
        if self.file:
            return (self.file,)
        sent = self.body.encode()
        return tuple(dict.fromkeys((sent.replace(b"\r\n", b"\n"), sent)))


@blueprint.get("/docs/signature")
@hide
async def page() -> Response:
    """The empty form. `?subscription=` fills in the subscription."""
    return _page(_Form(subscription=request.args.get("subscription", "")))


@blueprint.post("/docs/signature")
@hide
async def check() -> Response:
    """The form with the answer above it."""
    form = await _Form.sent()
    hub = services()
    try:
        found = await _checked(form, hub)
    except tuple(_STATUS) as error:
        return _page(form, fault=str(error), status=_STATUS[type(error)])
    return _page(form, found=found)


async def _checked(form: _Form, hub: Services) -> dict[str, Any]:
    who = authenticated(form.key.strip(), form.org.strip() or None)
    who.require("view")
    subscription: SubscriptionRecord = hub.outbound.registry.get(who.org.id, path_id("sub", form.subscription.strip()))
    headers = pasted_headers(form.headers)
    found: dict[str, Any] = {}
    for body in form.bodies():
        tried = await check_signature(subscription, headers, body, hub)
        if tried["valid"]:
            return tried
        found = found or tried
    return found


def pasted_headers(text: str) -> Values[str]:
    """Headers from lines `Name: value`. Empty lines and a request line before the headers are skipped.

    Raises:
        Invalid: A line is not a header. The message has its number, not its text, which may be a secret.
    """
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, value = line.partition(":")
        if not line.strip() or (not pairs and line.startswith("POST ")):
            continue
        if not colon or not name.strip():
            raise Invalid(f"line {number} of the headers is not a header: write one 'Name: value' on each line")
        pairs.append((name.strip(), value.strip()))
    return Values(pairs, caseless=True)


def _page(form: _Form, *, found: dict[str, Any] | None = None, fault: str = "", status: int = 200) -> Response:
    return html("signature.html", status, form_action="'self'", form=form, found=found, fault=fault)
