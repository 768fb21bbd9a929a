"""Operations on what people set up: sources, workflows, orgs, keys."""
