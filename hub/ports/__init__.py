"""Ports: what the hub needs of a store, an engine, a blob store and a clock, as protocols over `hub.model`.

Their docstrings are the only description of each operation. Implementations refer to them.
"""
