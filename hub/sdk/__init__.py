"""What plugin authors meet; `import hub` exports it."""
