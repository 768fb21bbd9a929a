"""Sending claimed deliveries: order, attempts, what follows from them, retries, health of subscriptions."""
