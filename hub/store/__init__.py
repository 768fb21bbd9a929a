"""The store over SQLAlchemy Core: tables, the group-commit writer, one module of operations per noun."""
