"""What operators set up: sources, workflows, secrets, orgs, keys, connections; audit log and jobs."""
