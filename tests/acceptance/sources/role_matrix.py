"""Who may call what: every route of the management API, and what each role is answered.

Written by hand and not read from the code, so that a route that lets in a role too many fails a test. The call names
things that nobody has and sends an empty body: what a role may do is therefore 404, 422, or a list, and what it may not
do is 403. `/prod/api` is the same as `/api`.

A new route needs a row. A viewer changes nothing: the only POSTs that it may make explain something.
"""

from __future__ import annotations

__all__ = ["PUBLIC", "ROLES", "STATUSES"]

_TABLE = """
                                                              operator admin editor publisher viewer
GET    /api/actions                                                200   200    200       403    200
GET    /api/audit                                                  200   200    403       403    403
GET    /api/connections                                            200   200    200       403    200
POST   /api/connections                                            422   422    422       403    403
GET    /api/connections/{name}                                     404   404    404       403    404
PUT    /api/connections/{name}                                     422   422    422       403    403
DELETE /api/connections/{name}                                     404   404    404       403    403
GET    /api/deliveries                                             200   200    200       403    200
GET    /api/deliveries/{delivery}                                  404   404    404       403    404
POST   /api/deliveries/{delivery}/retry                            404   404    404       403    403
GET    /api/event-types                                            200   200    200       403    200
POST   /api/event-types                                            422   422    422       403    403
DELETE /api/event-types/{direction}/{name}                         404   404    404       403    403
GET    /api/event-types/drift                                      200   200    200       403    200
DELETE /api/event-types/drift                                      204   204    204       403    403
GET    /api/event-types/openapi.json                               200   200    200       403    200
GET    /api/events                                                 200   200    200       403    200
GET    /api/events/{event}                                         404   404    404       403    404
GET    /api/files/{ref}                                            404   404    404       403    404
GET    /api/executions                                             200   200    200       403    200
GET    /api/executions/{execution}                                 404   404    404       403    404
POST   /api/executions/{execution}/cancel                          404   404    404       403    403
POST   /api/executions/{execution}/retry                           404   404    404       403    403
POST   /api/executions/retry                                       422   422    422       403    403
GET    /api/internal/webhookevents                                 200   200    200       403    200
GET    /api/internal/webhooks                                      200   200    200       403    200
POST   /api/internal/webhooks                                      422   422    422       403    403
GET    /api/internal/webhooks/{cuid}                               404   404    404       403    404
PATCH  /api/internal/webhooks/{cuid}                               404   404    404       403    403
DELETE /api/internal/webhooks/{cuid}                               404   404    404       403    403
GET    /api/internal/webhooks/{cuid}/logs                          404   404    404       403    404
POST   /api/internal/webhooks/{cuid}/test                          404   404    404       403    403
GET    /api/jobs                                                   200   200    200       403    200
GET    /api/jobs/{job}                                             404   404    404       403    404
POST   /api/jobs/{job}/cancel                                      404   404    404       403    403
POST   /api/jobs/{job}/pause                                       404   404    404       403    403
POST   /api/jobs/{job}/resume                                      404   404    404       403    403
GET    /api/keys                                                   200   200    403       403    403
POST   /api/keys                                                   422   422    403       403    403
DELETE /api/keys/{key}                                             404   404    403       403    403
POST   /api/master-key/rotate                                      202   403    403       403    403
GET    /api/me                                                     200   200    200       200    200
GET    /api/messages                                               200   200    200       403    200
POST   /api/messages                                               422   422    422       422    403
GET    /api/messages/{message}                                     404   404    404       403    404
POST   /api/messages/{message}/replay                              404   404    404       403    403
GET    /api/messages/account                                       200   200    200       403    200
GET    /api/orgs                                                   200   403    403       403    403
POST   /api/orgs                                                   422   403    403       403    403
GET    /api/plugins                                                200   200    200       403    200
POST   /api/plugins/{name}/disable                                 404   403    403       403    403
POST   /api/plugins/{name}/enable                                  404   403    403       403    403
GET    /api/requests                                               200   200    200       403    200
GET    /api/requests/{id}                                          404   404    404       403    404
POST   /api/requests/{id}/replay                                   404   404    404       403    403
POST   /api/requests/replay                                        422   422    422       403    403
GET    /api/self-check                                             200   200    200       403    200
GET    /api/sources                                                200   200    200       403    200
POST   /api/sources                                                201   201    201       403    403
GET    /api/sources/{source}                                       404   404    404       403    404
PATCH  /api/sources/{source}                                       404   404    404       403    403
DELETE /api/sources/{source}                                       404   404    404       403    403
POST   /api/sources/{source}/api-key                               404   404    404       403    403
DELETE /api/sources/{source}/api-key                               404   404    404       403    403
POST   /api/sources/{source}/api-key/revoke                        404   404    404       403    403
GET    /api/sources/{source}/guide                                 404   404    404       403    404
POST   /api/sources/{source}/secrets                               404   404    404       403    403
DELETE /api/sources/{source}/secrets/{n}                           404   404    404       403    403
GET    /api/subscriptions                                          200   200    200       403    200
POST   /api/subscriptions                                          422   422    422       403    403
GET    /api/subscriptions/{subscription}                           404   404    404       403    404
PATCH  /api/subscriptions/{subscription}                           404   404    404       403    403
DELETE /api/subscriptions/{subscription}                           404   404    404       403    403
POST   /api/subscriptions/{subscription}/recover                   422   422    422       403    403
POST   /api/subscriptions/{subscription}/secret                    404   404    404       403    403
DELETE /api/subscriptions/{subscription}/secrets/{secret}          404   404    404       403    403
POST   /api/subscriptions/{subscription}/test                      422   422    422       403    403
POST   /api/subscriptions/{subscription}/verify                    404   404    404       403    404
GET    /api/vendors                                                200   200    200       403    200
GET    /api/vendors/{vendor}                                       200   200    200       403    200
POST   /api/verify                                                 422   422    422       403    422
GET    /api/webhooks                                               200   200    200       403    200
POST   /api/webhooks                                               200   200    200       403    403
GET    /api/webhooks/{webhook}                                     404   404    404       403    404
PATCH  /api/webhooks/{webhook}                                     404   404    404       403    403
DELETE /api/webhooks/{webhook}                                     404   404    404       403    403
GET    /api/workflows                                              200   200    200       403    200
POST   /api/workflows                                              422   422    422       403    403
GET    /api/workflows/{workflow}                                   404   404    404       403    404
PATCH  /api/workflows/{workflow}                                   404   404    404       403    403
DELETE /api/workflows/{workflow}                                   404   404    404       403    403
GET    /api/workflows/{workflow}/diff                              404   404    404       403    404
POST   /api/workflows/{workflow}/publish                           404   404    404       403    403
POST   /api/workflows/{workflow}/run                               404   404    404       403    403
GET    /api/workflows/{workflow}/versions                          404   404    404       403    404
GET    /api/workflows/{workflow}/versions/{number}                 404   404    404       403    404
"""


def _read(table: str) -> tuple[tuple[str, ...], dict[str, dict[str, int]]]:
    """The roles of the heading, and for each route the status of each role."""
    heading, *rows = table.strip().splitlines()
    roles = tuple(heading.split())
    statuses: dict[str, dict[str, int]] = {}
    for row in rows:
        method, path, *cells = row.split()
        statuses[f"{method} {path}"] = dict(zip(roles, map(int, cells), strict=True))
    return roles, statuses


ROLES, STATUSES = _read(_TABLE)
"""Roles, and method and path -> role -> status. An operator is an admin whose key manages the instance."""

PUBLIC = {
    "GET /api/results/{token}": 403,
    "GET /api/status/{token}": 403,
    "GET /docs": 200,
    "GET /docs/signature": 200,
    "POST /docs/signature": 401,
    "GET /docs/style.css": 200,
    "GET /healthz": 200,
    "GET /openapi.json": 200,
    "GET /panels/{name}": 404,
    "POST /panels/{name}": 404,
}
"""Routes without a key, and the answer to a call without one: nothing of an org, signed links (here a forged one), or a
page whose form holds the key."""
