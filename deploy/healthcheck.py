"""Tell a container engine whether the reader in this container answers; needs nothing but Python."""

import http.client
import os
import sys

TIMEOUT_SECONDS = 2.0


def is_alive(port: int) -> bool:
    """Tell whether `/healthz` on this machine answers 200 in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive(int(os.environ.get("TOKENPULSE_PORT", "9100"))) else 1)
