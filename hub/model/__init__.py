"""Frozen value types and the functions on them. Imports nothing of the hub except `hub.errors`."""
