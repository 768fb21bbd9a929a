"""Commands for workflows and executions."""
