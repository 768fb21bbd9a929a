"""A workflow as it is written, checked and compiled."""
