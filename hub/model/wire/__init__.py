"""What senders, the hub and plugins exchange: requests, events, replies, messages, secrets."""
