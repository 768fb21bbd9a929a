"""Ports that outgoing calls may not use: their services would read HTTP as commands, or hold mail, data or machines."""

from __future__ import annotations

from typing import Final

__all__ = ["BLOCKED_PORTS"]

BLOCKED_PORTS: Final[dict[int, str]] = {
    port: service
    for service, ports in {
        "file transfer": (20, 21, 69, 115, 989, 990),
        "SSH": (22,),
        "Telnet": (23, 992),
        "mail": (24, 25, 109, 110, 143, 220, 465, 587, 691, 993, 995, 2525, 4190),
        "DNS": (53, 853),
        "time": (37, 123),
        "finger": (79,),
        "RPC": (111, 135, 530, 593),
        "news": (119, 433, 563),
        "Windows shares": (137, 138, 139, 445),
        "network management": (161, 162, 179),
        "directory": (389, 636, 3268, 3269),
        "remote shell": (512, 513, 514),
        "printing": (515, 631, 9100),
        "rsync": (873,),
        "network files": (2049, 4045, 548),
        "remote desktop": (3389, 5900, 5985, 5986, 6000),
        "chat": (194, 6665, 6666, 6667, 6668, 6669, 6697),
        "SIP": (5060, 5061),
        "message queue": (1883, 4222, 5671, 5672, 8883, 9092),
        "database": (
            *(1433, 1434, 1521, 2483, 2484, 3050, 3306, 5432, 5433, 5984, 6379, 6380, 7199, 7474, 7687),
            *(8086, 9042, 9160, 9200, 9300, 11211, 26379, 26257, 27017, 27018, 27019, 28015),
        ),
        "cluster control": (2181, 2375, 2376, 2379, 2380, 4243, 8500, 10250, 10255),
    }.items()
    for port in ports
}
"""From the port to the service that usually listens there. All other ports may be called."""
