"""The way of a request (design 3): one file per step, each taking and returning value types."""
