"""Commands for subscriptions, deliveries, exports and recovery."""
