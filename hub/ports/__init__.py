"""Ports: what the hub needs of a store, an engine, a blob store and a clock, as protocols over `hub.model`."""
