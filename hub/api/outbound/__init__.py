"""Subscriptions, messages, deliveries, event types, signature checks."""
