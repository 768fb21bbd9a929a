"""Every call that leaves the hub: one guard that judges addresses, one client that dials."""
