"""JSON Schema: compiling with bounds, patterns, and fields that a schema does not know."""
