"""A kept request run again."""
