"""What runs next: a pure function of the version and the journal."""
