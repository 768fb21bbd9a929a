"""Endpoints for orgs, keys, connections and the audit log."""
