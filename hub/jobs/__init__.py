"""Long work that a person can watch: one runner, and one file for each kind of job."""
