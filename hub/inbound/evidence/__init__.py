"""What is kept of a request: its record, fingerprints of credentials, uses of secrets, schema drift."""
