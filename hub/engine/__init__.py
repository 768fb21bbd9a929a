"""The embedded engine: executions run inside the hub's own process."""
