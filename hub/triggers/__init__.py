"""Starts workflows: for events that match their filters, and when a person asks for it."""
