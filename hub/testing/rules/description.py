"""Rules about the description of a vendor: catalog, guide, settings."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import Invalid
from hub.model.wire.event_type import EventType
from hub.schemas.compiled import compile_schema
from hub.testing.rules.rule import BrokenRule
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["catalog", "described", "examples", "guide", "settings"]


async def catalog(subject: VendorUnderTest) -> Sequence[str]:
    """Schemas compile, examples fit them, and the events of recorded requests are declared and fit."""
    declared = _incoming(subject)
    for one in subject.vendor.catalog or ():
        if one.schema is None:
            continue
        try:
            schema = compile_schema(one.schema)
        except Invalid as error:
            fault = f"{error.problems[0].pointer}: {error.problems[0].message}" if error.problems else error.detail
            raise BrokenRule(f"the schema of {one.name} cannot be used: {fault}") from error
        if one.example is not None and (found := schema.problems(one.example)):
            raise BrokenRule(
                f"the example of {one.name} does not fit its schema: {found[0].pointer}: {found[0].message}"
            )
    if subject.vendor.catalog is None:
        return []
    for recording in subject.events:
        for event in subject.read(subject.sender.request(recording)):
            known = declared.get(event.type)
            if known is None:
                raise BrokenRule(f"{recording.name} is read as {event.type}, which the catalog does not declare")
            if known.schema is not None and (found := compile_schema(known.schema).problems(event.data)):
                raise BrokenRule(
                    f"{recording.name}: {event.type} does not fit its schema: {found[0].pointer}: {found[0].message}"
                )
    return []


async def described(subject: VendorUnderTest) -> Sequence[str]:
    """Event types are declared."""
    if not _incoming(subject):
        raise BrokenRule(
            "no event type is declared: put them into <package>/catalog/NAME.json and give Vendor a catalog"
        )
    return []


async def guide(subject: VendorUnderTest) -> Sequence[str]:
    """The guide says where to paste the URL."""
    text = subject.vendor.guide or ""
    if "{url}" not in text:
        raise BrokenRule("the guide does not say where to paste {url}: give Vendor a guide in Markdown")
    return []


async def settings(subject: VendorUnderTest) -> Sequence[str]:
    """Every setting of a source has a description."""
    model = subject.vendor.settings
    for name, field in (model.model_fields if model is not None else {}).items():
        if not field.description:
            raise BrokenRule(f"the setting {name!r} has no description: Field(description=…)")
    return []


async def examples(subject: VendorUnderTest) -> Sequence[str]:
    """Every event type has a summary, a schema and an example; a handshake is recorded, every recording has a title."""
    for name, one in _incoming(subject).items():
        missing = [what for what in ("summary", "schema", "example") if getattr(one, what) in (None, "")]
        if missing:
            raise BrokenRule(f"{name} has no {' and no '.join(missing)} in the catalog")
    if subject.vendor.challenge is not None and not subject.handshakes:
        raise BrokenRule("the vendor answers a handshake, but none is recorded")
    for recording in subject.recordings:
        if not recording.title:
            raise BrokenRule(f"the recording {recording.name} has no title")
    return []


def _incoming(subject: VendorUnderTest) -> dict[str, EventType]:
    return {one.name: one for one in subject.vendor.catalog or () if one.direction == "in"}
