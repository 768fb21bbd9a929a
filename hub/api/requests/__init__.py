"""Requests, events and schema drift."""
