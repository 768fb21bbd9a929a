"""Which executions this process works on: claims, leases, slots."""
