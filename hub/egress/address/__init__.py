"""What a URL leads to: names, addresses, ports, and the ranges that are special."""
