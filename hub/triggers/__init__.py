"""What starts a workflow: events that match its filters, and people."""
