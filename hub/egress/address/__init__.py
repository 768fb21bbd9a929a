"""URLs, names, addresses, ports, and the special address ranges."""
