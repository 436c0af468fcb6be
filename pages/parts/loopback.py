"""Whether an address is this machine's own."""

import ipaddress


def is_loopback(address: str | None) -> bool:
    """Whether a server address is reachable from this machine only. None (all interfaces) is not."""
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
