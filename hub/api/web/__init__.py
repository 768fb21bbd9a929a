"""What all endpoints and pages use: keys, bodies, paging, problem documents, rendering, OpenAPI."""
