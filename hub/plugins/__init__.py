"""The plugin API and its host: hooks, registry, loader, vendors, schemes (design 4)."""
