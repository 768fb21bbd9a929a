"""Who may do what: orgs, keys, connections, the audit log."""
