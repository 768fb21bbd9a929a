"""Commands for plugins and their authors."""
