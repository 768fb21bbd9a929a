"""What is kept of a request: fingerprints, refusals, uses of secrets, schema drift."""
