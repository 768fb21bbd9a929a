"""Which executions this process runs: claims, leases, slots."""
