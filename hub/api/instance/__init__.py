"""The instance itself: health, jobs, plugins, their pages, the self-check."""
