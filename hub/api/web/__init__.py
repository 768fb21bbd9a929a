"""What every page and endpoint uses: keys, bodies, paging, problems, rendering, OpenAPI."""
