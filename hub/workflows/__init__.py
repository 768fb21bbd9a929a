"""Workflows: definition, expressions, what runs next, and the core's actions."""
