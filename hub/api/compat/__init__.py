"""The management API of other systems, so that their clients work unchanged."""
