"""Subscriptions: their rules, and what is masked in them."""
