"""Outgoing HTTP calls: the guard that decides which addresses may be dialled, and the client that makes the calls."""
