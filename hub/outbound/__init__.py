"""Outbound: from a published message to deliveries that arrive.

`service.Outbound` is the entry point for the rest of the hub. `publish` checks a message against the catalog, finds its
subscriptions, renders the bodies and commits. `delivery` claims deliveries, sends them in a fair order, decides what
follows from each attempt and logs it. `registry` manages subscriptions.
"""
