"""What the store keeps: sources, workflows, requests, executions, subscriptions, deliveries, keys."""
