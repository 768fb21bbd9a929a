"""Jobs: long work with progress. One runner for all of them, and one file for each kind."""
