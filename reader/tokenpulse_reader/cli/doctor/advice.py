"""What to do about each kind of failure, in words."""

from typing import Final

from tokenpulse_shared.connections.failure_kinds import FailureKind

_CA: Final = "name the authority's file in the URL: ?ssl_ca_certs=/path/ca.pem"
_LOGIN: Final = "put user and password into the URL: redis://user:password@host:port/0"
_WAIT: Final = "wait; counts are kept by the workers meanwhile and sent later"
KEYSPACE_ADVICE: Final = (
    "run one release of tokenpulse for all, readers updated first, or give each its own key prefix"
)
_CLUSTER: Final = "check CLUSTER INFO on a node: every slot needs a master that lives"

ADVICE: Final[dict[FailureKind, str]] = {
    "tls_wrong_host": "use the name that stands in the certificate, or issue one for this name; an address in the URL must stand in the certificate as an IP address",
    "tls_expired": "renew the server's certificate; compare the clocks of both machines when it looks valid",
    "tls_not_yet_valid": "compare the clocks of both machines: to this one the certificate's time has not begun",
    "tls_untrusted": f"{_CA}; without it the system's authorities are asked",
    "tls_not_spoken": "use redis:// for this port, or the port that speaks TLS",
    "tls_no_handshake": "use redis:// for this port, or the port that speaks TLS; a frozen server looks the same",
    "tls_client_certificate": "name a client certificate in the URL: ?ssl_certfile=/path/client.pem&ssl_keyfile=/path/client.key",
    "tls_closed_unanswered": "name a client certificate in the URL: ?ssl_certfile=/path/client.pem&ssl_keyfile=/path/client.key, or let the server do without (tls-auth-clients no)",
    "tls_failed": "compare the TLS versions and ciphers that both sides allow",
    "connection_refused": "start Redis, or correct host and port: nothing listens there",
    "unknown_host": "correct the host name, or the DNS of this machine",
    "unreachable": "check routes and firewalls between this machine and Redis",
    "socket_missing": "correct the path in the URL: of the socket, or of a certificate's file",
    "file_forbidden": "let this user read the file that the URL names: the socket, or a certificate's file",
    "timed_out": "check that Redis is not frozen or overloaded (redis-cli --latency), and that no firewall swallows packets",
    "closed_unanswered": "use rediss:// when the port speaks TLS; behind a proxy, check that it has a Redis to pass on to",
    "connection_lost": "look into the server's log for why it closes connections",
    "no_free_connection": "run the doctor again; when it stays, tell the project",
    "too_many_files": "raise the limit of open files (ulimit -n)",
    "too_many_clients": "raise maxclients on the server, or connect fewer workers",
    "not_redis": "correct host and port: something else than Redis answers there",
    "authentication_failed": "correct user and password in the URL; percent-encode what is not a letter or digit",
    "authentication_required": _LOGIN,
    "no_password_set": "take the password out of the URL, or set one on the server",
    "not_permitted": "give the user the rights of docs/redis.md, section Least rights",
    "protected_mode": f"set a password on the server; then {_LOGIN}",
    "out_of_memory": "raise maxmemory, or move other data away; batches wait in the workers until then",
    "read_only": "point the URL at the master, or use redis+sentinel:// to have it found",
    "loading": _WAIT,
    "busy": "wait, or end the script that runs: SCRIPT KILL",
    "cannot_save": "make room on the server's disk, and look into its log: it takes no writes while it cannot save",
    "too_few_replicas": "bring the replicas back, or lower min-replicas-to-write",
    "master_down": "look after the master of this replica",
    "cluster_down": _CLUSTER,
    "cluster_node": "use redis+cluster:// for a Redis Cluster",
    "slots_moving": _WAIT,
    "no_master": "correct the master's name in the URL; SENTINEL MASTERS on a sentinel lists them",
    "unknown_command": "use Redis 6.2 or newer; a proxy in between must pass on scripts and transactions",
    "no_such_database": "correct the database number at the end of the URL; a cluster has only 0",
    "wrong_type": "choose a key prefix of tokenpulse's own: --key-prefix",
    "keyspace_version": KEYSPACE_ADVICE,
    "refused": "look the answer up in the server's log",
    "internal": "tell the project: this should not happen",
}
