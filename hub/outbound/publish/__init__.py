"""From an event to a committed message: catalog, matching, freezing."""
