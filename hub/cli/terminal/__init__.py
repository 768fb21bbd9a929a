"""What every command uses: the client of the API, inputs, tables, errors."""
