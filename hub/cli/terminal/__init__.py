"""What all commands use: the client of the API, inputs, tables, errors."""
