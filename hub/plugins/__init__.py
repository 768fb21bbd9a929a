"""The host of the plugins: finds, loads, starts and calls them, and keeps their faults apart."""
