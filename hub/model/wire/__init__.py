"""What travels between senders, the hub and plugins: requests, events, replies, messages, secrets."""
