"""The store over SQLAlchemy Core: tables, the group-commit writer, operations by noun."""
