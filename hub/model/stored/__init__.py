"""Records of the store: sources, workflows, requests, executions, subscriptions, deliveries, keys."""
