"""Commands for sources, requests and events."""
