"""What an execution does next: pure functions of its version and its journal."""
