"""The management API (HTTP contract in docs/reference/api.md): one blueprint per noun."""
