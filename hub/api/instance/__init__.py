"""Endpoints for the instance: health, jobs, plugins and their pages, the self-check."""
