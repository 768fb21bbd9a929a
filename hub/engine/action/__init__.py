"""One call of an action: its context, its log, its effects, and what is masked in them."""
