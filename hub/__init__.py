"""The API of plugin authors: all of it, and nothing else.

A plugin is a distribution with an entry point in the group `hub`: a `Vendor`, or a module with hooks.
"""

from __future__ import annotations

from importlib.metadata import version as _version

from hub.errors import ActionFailed, Drop, Reject, Unavailable
from hub.model.event import Event
from hub.model.fetched import Fetched
from hub.model.grant import Grant, Outcome
from hub.model.message import Message
from hub.model.outbound import EventType
from hub.model.record import Record
from hub.model.reply import Keep, Reply
from hub.model.request import Part, Request
from hub.model.secret import Credential, Secret
from hub.model.values import Values
from hub.plugins.action import Action, ActionContext
from hub.plugins.catalog import Catalog, Recorded, Recording
from hub.plugins.context import Source
from hub.plugins.dialect import Dialect
from hub.plugins.handle import HubHandle
from hub.plugins.hookspecs import hookimpl
from hub.plugins.registry import Panel, Registry
from hub.plugins.scheme import AnyOf, Check, Outgoing, Scheme, Token, same
from hub.plugins.signed import Hmac, PublicKey, Signed
from hub.plugins.standard import Standard
from hub.plugins.times import fresh, instant
from hub.plugins.vendor import Vendor

__all__ = [
    "Action",
    "ActionContext",
    "ActionFailed",
    "AnyOf",
    "Catalog",
    "Check",
    "Credential",
    "Dialect",
    "Drop",
    "Event",
    "EventType",
    "Fetched",
    "Grant",
    "Hmac",
    "HubHandle",
    "Keep",
    "Message",
    "Outcome",
    "Outgoing",
    "Panel",
    "Part",
    "PublicKey",
    "Record",
    "Recorded",
    "Recording",
    "Registry",
    "Reject",
    "Reply",
    "Request",
    "Scheme",
    "Secret",
    "Signed",
    "Source",
    "Standard",
    "Token",
    "Unavailable",
    "Values",
    "Vendor",
    "__version__",
    "fresh",
    "hookimpl",
    "instant",
    "same",
]

__version__ = _version("integration-hub")
