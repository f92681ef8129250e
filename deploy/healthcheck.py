"""Tell a container engine whether the reader in this container answers; needs nothing but Python."""

import http.client
import os
import sys

TIMEOUT_SECONDS = 2.0
REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What is bound to every address → one that it is reached at."""


def is_alive(host: str, port: int) -> bool:
    """Tell whether `/healthz` of what is bound to `host` answers 200 in time."""
    connection = http.client.HTTPConnection(REACHED_AT.get(host, host), port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    bound = os.environ.get("TOKENPULSE_HOST", "127.0.0.1"), int(os.environ.get("TOKENPULSE_PORT", "9100"))
    sys.exit(0 if is_alive(*bound) else 1)
