"""The management API, described in docs/reference/api.md: one blueprint per noun."""

from __future__ import annotations

from quart import Quart
from quart_schema import Info, QuartSchema

import hub
from hub.api.access import audit, connections, keys, orgs
from hub.api.compat import plextrac, vibeiq
from hub.api.instance import health, jobs, panels, plugins, self_check
from hub.api.outbound import (
    deliveries,
    event_types,
    messages,
    signature_page,
    subscriptions,
    webhooks_export,
)
from hub.api.requests import drift, events, files, requests
from hub.api.sources import credentials, sources, vendors, verify
from hub.api.web import openapi, pages, problems
from hub.api.workflows import actions, executions, results, workflows

__all__ = ["install_api"]

_BLUEPRINTS = (
    health.blueprint,
    workflows.blueprint,
    actions.blueprint,
    sources.blueprint,
    credentials.blueprint,
    requests.blueprint,
    events.blueprint,
    files.blueprint,
    verify.blueprint,
    executions.blueprint,
    plugins.blueprint,
    vendors.blueprint,
    results.blueprint,
    subscriptions.blueprint,
    messages.blueprint,
    deliveries.blueprint,
    event_types.blueprint,
    drift.blueprint,
    webhooks_export.blueprint,
    jobs.blueprint,
    plextrac.blueprint,
    vibeiq.blueprint,
    connections.blueprint,
    orgs.blueprint,
    keys.blueprint,
    audit.blueprint,
    self_check.blueprint,
    openapi.blueprint,
    pages.blueprint,
    panels.blueprint,
    signature_page.blueprint,
)


def install_api(app: Quart) -> None:
    """Add every blueprint, the problem documents and the OpenAPI page to an application."""
    QuartSchema(
        app,
        openapi_path="/openapi.json",
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        info=Info(title="Integration hub", version=hub.__version__),
        security_schemes={"key": {"type": "apiKey", "name": "X-Api-Key", "in_": "header"}},
        security=[{"key": []}],
        conversion_preference="pydantic",
        openapi_provider_class=openapi.ManagementApi,
    )
    problems.install(app)
    audit.install(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
