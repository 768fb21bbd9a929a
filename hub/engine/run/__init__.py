"""One execution from its claim to its end: tries, children, journal, and those who wait for it."""
