"""Sources, their credentials, vendors, and the check of a request."""
