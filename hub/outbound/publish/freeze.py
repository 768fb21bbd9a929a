"""The body of a delivery: made once, when its message is accepted, and never again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import HubError
from hub.model.ids import Id, write_id
from hub.model.json import dumps
from hub.model.stored.outbound import MessageRecord, SubscriptionRecord
from hub.model.times import from_micros

__all__ = ["ENVELOPED", "Compile", "Frozen", "Render", "Templates", "freeze", "scope", "timestamp"]

ENVELOPED = frozenset({"standard", "standard-ed25519"})
"""Schemes whose payload is `{type, timestamp, data}` (Standard Webhooks); every other one sends the data as it is."""

Render = Callable[[Mapping[str, Any]], Any]
"""A compiled template: the names it may use -> JSON value. Raises a `HubError` or `ValueError`."""
Compile = Callable[[Any], Render]
"""The template language: a template -> what renders it. Raises `Invalid`, or a `ValueError`."""

_COMPILED = 1_000


class Templates:
    """Body templates, compiled once.

    Args:
        compile_template: The template language; the hub's own is that of workflows.
    """

    def __init__(self, compile_template: Compile) -> None:
        self._compile = compile_template
        self._compiled: dict[bytes, Render] = {}

    def compile(self, template: Any) -> Render:
        """What renders `template`; raises what the language raises for one that can never work."""
        key = dumps(template)
        render = self._compiled.get(key)
        if render is None:
            if len(self._compiled) >= _COMPILED:
                self._compiled.clear()
            render = self._compiled[key] = self._compile(template)
        return render


@dataclass(frozen=True, slots=True)
class Frozen:
    """Bodies of one message by subscription.

    Attributes:
        bodies: Subscriptions with the same bytes share one object.
        failures: Subscriptions whose template failed, with the sentence that says why.
    """

    bodies: Mapping[Id, bytes]
    failures: Mapping[Id, str]


def timestamp(at: int) -> str:
    """Microseconds UTC as ISO 8601 with `Z`, the form of Standard Webhooks' `timestamp`."""
    return from_micros(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def freeze(message: MessageRecord, subscriptions: Sequence[SubscriptionRecord], templates: Templates) -> Frozen:
    """Make the bodies of a message.

    A subscription's template wins over its scheme's form. In a template stand `type`, `timestamp`, `data`, `client`
    and `id` of the message.

    Args:
        message: As it was published, after `hub_message`.
        subscriptions: Who gets it.
        templates: Renders the templates.
    """
    bodies: dict[Id, bytes] = {}
    failures: dict[Id, str] = {}
    shared: dict[bool, bytes] = {}
    for subscription in subscriptions:
        spec = subscription.spec
        if spec.template is None:
            enveloped = spec.scheme in ENVELOPED
            if enveloped not in shared:
                shared[enveloped] = dumps(_envelope(message) if enveloped else message.data)
            bodies[subscription.id] = shared[enveloped]
            continue
        try:
            bodies[subscription.id] = dumps(templates.compile(spec.template)(scope(message)))
        except (HubError, ValueError) as error:
            failures[subscription.id] = f"the body template failed: {error}"
    return Frozen(bodies, failures)


def scope(message: MessageRecord) -> Mapping[str, Any]:
    """What a body template may name."""
    return {**_envelope(message), "id": write_id("msg", message.id), "client": message.client}


def _envelope(message: MessageRecord) -> dict[str, Any]:
    return {"type": message.type, "timestamp": timestamp(message.created), "data": message.data}
