"""HTML pages, without scripts and with a policy that forbids them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from quart import Blueprint, Response, request
from quart_schema import hide

__all__ = ["blueprint", "html"]

blueprint = Blueprint("pages", __name__)


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("hub.api.web"), autoescape=select_autoescape())


def html(template: str, status: int = 200, *, form_action: str = "'none'", **values: Any) -> Response:
    """A template as a page; `form_action` says where its forms may be sent.

    Its links begin with `prefix`, the path of the public URL.
    """
    text = _environment().get_template(template).render(values, prefix=request.root_path)
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/docs/style.css")
@hide
async def style() -> Response:
    """The style sheet of all pages."""
    return Response(
        (files("hub.api.web") / "templates" / "docs.css").read_bytes(), content_type="text/css; charset=utf-8"
    )
