"""Endpoints for requests, events and schema drift."""
