"""The nine steps of a request, one file each: identify, admit, guard, challenge, verify, read, event, accept, reply."""
