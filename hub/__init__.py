"""The API for plugin authors: all of it, and nothing else.

A plugin is a distribution with an entry point in the group `hub`: a `Vendor`, or a module with hooks.
"""

from __future__ import annotations

from importlib.metadata import version as _version

from hub.errors import ActionFailed, Drop, Reject, Unavailable
from hub.model.wire.event import Event
from hub.model.wire.event_type import EventType
from hub.model.wire.fetched import Fetched
from hub.model.wire.forms import Part
from hub.model.wire.grant import Grant, Outcome
from hub.model.wire.message import Message
from hub.model.wire.record import Record
from hub.model.wire.reply import Keep, Reply
from hub.model.wire.request import Request
from hub.model.wire.secret import Credential, Secret
from hub.model.wire.values import Values
from hub.sdk.action import Action, ActionContext, CallTls
from hub.sdk.catalog import Catalog
from hub.sdk.context import Source
from hub.sdk.dialect import Dialect, DialectRoute, DialectTarget, ParsedBody, Receipt, Refusal, WaitedReceipt
from hub.sdk.handle import HubHandle
from hub.sdk.hookspecs import hookimpl
from hub.sdk.moments import fresh, instant
from hub.sdk.recorded import Recorded, Recording
from hub.sdk.registry import Panel, Registry
from hub.sdk.schemes.any_of import AnyOf
from hub.sdk.schemes.check import Check
from hub.sdk.schemes.comparison import same
from hub.sdk.schemes.hmac import Hmac
from hub.sdk.schemes.public_key import PublicKey
from hub.sdk.schemes.scheme import Outgoing, Scheme
from hub.sdk.schemes.signed import Signed
from hub.sdk.schemes.standard import Standard
from hub.sdk.schemes.token import Token
from hub.sdk.vendor import Vendor

__all__ = [
    "Action",
    "ActionContext",
    "ActionFailed",
    "AnyOf",
    "CallTls",
    "Catalog",
    "Check",
    "Credential",
    "Dialect",
    "DialectRoute",
    "DialectTarget",
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
    "ParsedBody",
    "Part",
    "PublicKey",
    "Receipt",
    "Record",
    "Recorded",
    "Recording",
    "Refusal",
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
    "WaitedReceipt",
    "__version__",
    "fresh",
    "hookimpl",
    "instant",
    "same",
]

__version__ = _version("integration-hub")
