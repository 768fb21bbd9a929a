"""One execution from its claim to its end: tries, waits, children, the journal."""
