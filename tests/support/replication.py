"""Have a replica fall behind its master for real: what the master is told from now on does not reach it."""

from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer


def cut_off(replica: RedisServer) -> None:
    """Break the replica's link to its master, and keep it from being made again; it still answers.

    A replica that is only frozen would read what waits in its socket once it goes on.
    """
    with replica.client() as client:
        client.config_set("masterauth", "not the password")
        client.execute_command("CLIENT KILL TYPE master")
        wait_until(lambda: client.info("replication").get("master_link_status") != "up", "the link to be cut")


def is_in_step(replica: RedisServer) -> bool:
    """Tell whether the replica has all its master has, or nearly."""
    with replica.client() as client:
        return client.info("replication")["master_link_status"] == "up"
