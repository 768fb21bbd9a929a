"""PlexTrac webhooks for the hub, in and out. The plugin's entry point is this module."""

from __future__ import annotations

from importlib.resources import files

from hub import Catalog, Registry, Vendor, hookimpl
from hub_plextrac.events import read
from hub_plextrac.get import GET
from hub_plextrac.settings import PlexTracSettings
from hub_plextrac.signature import CREDENTIAL, SCHEME

__all__ = ["hub_register", "vendor"]

vendor = Vendor(
    name="plextrac",
    title="PlexTrac",
    verify=SCHEME,
    read=read,
    credentials=(CREDENTIAL,),
    settings=PlexTracSettings,
    deadline=5,
    catalog=Catalog.of_package(__name__),
    actions=(GET,),
    guide=files(__name__).joinpath("guide.md").read_text(encoding="utf-8"),
)
"""PlexTrac: an HMAC of the body, one thin event per request."""


@hookimpl
def hub_register(registry: Registry) -> None:
    """Add the vendor, and its scheme for subscriptions."""
    registry.vendor(vendor)
    registry.scheme("plextrac", SCHEME, CREDENTIAL)
