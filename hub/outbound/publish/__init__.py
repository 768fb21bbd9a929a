"""From what somebody publishes to a committed message: catalog, plugin hooks, matching subscriptions, bodies."""
