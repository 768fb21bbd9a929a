"""Frozen value types that travel through the hub. Imports nothing else of hub but `hub.errors`."""
