"""One HTTP exchange with a judged address: pools, TLS, bodies, failures."""
