"""Rules about what a vendor says of itself: catalog, guide, settings."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import Invalid
from hub.model.wire.event_type import EventType
from hub.schemas.compiled import compile_schema
from hub.testing.rules.rule import Broken
from hub.testing.subject import Subject

__all__ = ["catalog", "described", "examples", "guide", "settings"]


async def catalog(subject: Subject) -> Sequence[str]:
    """The catalog agrees with itself and with what is recorded."""
    declared = _incoming(subject)
    for one in subject.vendor.catalog or ():
        if one.schema is None:
            continue
        try:
            schema = compile_schema(one.schema)
        except Invalid as error:
            fault = f"{error.problems[0].pointer}: {error.problems[0].message}" if error.problems else error.detail
            raise Broken(f"the schema of {one.name} cannot be used: {fault}") from error
        if one.example is not None and (found := schema.problems(one.example)):
            raise Broken(f"the example of {one.name} does not fit its schema: {found[0].pointer}: {found[0].message}")
    if subject.vendor.catalog is None:
        return []
    for recording in subject.events:
        for event in subject.read(subject.sender.request(recording)):
            known = declared.get(event.type)
            if known is None:
                raise Broken(f"{recording.name} holds {event.type}, which the catalog does not declare")
            if known.schema is not None and (found := compile_schema(known.schema).problems(event.data)):
                raise Broken(
                    f"{recording.name}: {event.type} does not fit its schema: {found[0].pointer}: {found[0].message}"
                )
    return []


async def described(subject: Subject) -> Sequence[str]:
    """Event types are declared."""
    if not _incoming(subject):
        raise Broken("no event type is declared: put them into <package>/catalog/NAME.json and give Vendor a catalog")
    return []


async def guide(subject: Subject) -> Sequence[str]:
    """A guide tells operators where to paste the URL."""
    text = subject.vendor.guide or ""
    if "{url}" not in text:
        raise Broken("the guide does not say where to paste {url}: give Vendor a guide in Markdown")
    return []


async def settings(subject: Subject) -> Sequence[str]:
    """Every setting of a source says what it is for."""
    model = subject.vendor.settings
    for name, field in (model.model_fields if model is not None else {}).items():
        if not field.description:
            raise Broken(f"the setting {name!r} has no description: Field(description=…)")
    return []


async def examples(subject: Subject) -> Sequence[str]:
    """Every event type has a summary, a schema and an example; every handshake and every answer is recorded."""
    for name, one in _incoming(subject).items():
        missing = [what for what in ("summary", "schema", "example") if getattr(one, what) in (None, "")]
        if missing:
            raise Broken(f"{name} has no {' and no '.join(missing)} in the catalog")
    if subject.vendor.challenge is not None and not subject.handshakes:
        raise Broken("the vendor answers a handshake, but none is recorded")
    for recording in subject.recordings:
        if not recording.title:
            raise Broken(f"the recording {recording.name} has no title")
    return []


def _incoming(subject: Subject) -> dict[str, EventType]:
    return {one.name: one for one in subject.vendor.catalog or () if one.direction == "in"}
