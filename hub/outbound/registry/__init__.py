"""Subscriptions: creating, changing and deleting them, the rules for their fields, and masking."""
