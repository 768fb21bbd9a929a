"""Commands that run a hub or prepare one."""
