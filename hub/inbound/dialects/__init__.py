"""The dialects that the core speaks, one file each."""
