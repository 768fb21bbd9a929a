"""The bodies of deliveries: rendered once, when the message is accepted, so that all attempts send the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import HubError
from hub.model.ids import Id, write_id
from hub.model.json import dumps
from hub.model.stored.outbound import MessageRecord, SubscriptionRecord
from hub.model.times import from_micros

__all__ = [
    "ENVELOPED",
    "BodyTemplates",
    "CompileTemplate",
    "FrozenBodies",
    "RenderTemplate",
    "freeze_bodies",
    "template_variables",
    "timestamp",
]

ENVELOPED = frozenset({"standard", "standard-ed25519"})
"""Schemes whose body is `{type, timestamp, data}` (Standard Webhooks). With all others the body is the data."""

RenderTemplate = Callable[[Mapping[str, Any]], Any]
"""A compiled template: from its variables to a JSON value. Raises a `HubError` or `ValueError`."""
CompileTemplate = Callable[[Any], RenderTemplate]
"""The template language: compiles a template. Raises `Invalid` or a `ValueError`."""

_COMPILED = 1_000


class BodyTemplates:
    """Compiled body templates, cached.

    Args:
        compile_template: Compiles a template. The hub uses the expression language of workflows.
    """

    def __init__(self, compile_template: CompileTemplate) -> None:
        self._compile = compile_template
        self._compiled: dict[bytes, RenderTemplate] = {}

    def compile(self, template: Any) -> RenderTemplate:
        """The compiled template. Raises what the template language raises for a template that can never work."""
        key = dumps(template)
        render = self._compiled.get(key)
        if render is None:
            if len(self._compiled) >= _COMPILED:
                self._compiled.clear()
            render = self._compiled[key] = self._compile(template)
        return render


@dataclass(frozen=True, slots=True)
class FrozenBodies:
    """The bodies of one message, by subscription.

    Attributes:
        bodies: Bytes to send. Subscriptions with equal bytes share one object.
        failures: Why a subscription has no body: its template failed.
    """

    bodies: Mapping[Id, bytes]
    failures: Mapping[Id, str]


def timestamp(at: int) -> str:
    """Microseconds UTC as ISO 8601 with `Z`, the form of `timestamp` in Standard Webhooks."""
    return from_micros(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def freeze_bodies(
    message: MessageRecord, subscriptions: Sequence[SubscriptionRecord], templates: BodyTemplates
) -> FrozenBodies:
    """Render the bodies of a message.

    The template of a subscription takes precedence over the form of its scheme.

    Args:
        message: The message, after `hub_message`.
        subscriptions: The subscriptions that get it.
        templates: Compiles the templates.
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
            bodies[subscription.id] = dumps(templates.compile(spec.template)(template_variables(message)))
        except (HubError, ValueError) as error:
            failures[subscription.id] = f"the body template failed: {error}"
    return FrozenBodies(bodies, failures)


def template_variables(message: MessageRecord) -> Mapping[str, Any]:
    """The variables of a body template: `type`, `timestamp`, `data`, `client` and `id` of the message."""
    return {**_envelope(message), "id": write_id("msg", message.id), "client": message.client}


def _envelope(message: MessageRecord) -> dict[str, Any]:
    return {"type": message.type, "timestamp": timestamp(message.created), "data": message.data}
