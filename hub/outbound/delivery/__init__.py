"""From a claimed delivery to a logged attempt: order, sending, verdict, retry, health."""
