"""One call of an action: its input, its context, its log and its effects."""
