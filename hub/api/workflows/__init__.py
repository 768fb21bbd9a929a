"""Workflows, their actions, executions and results."""
