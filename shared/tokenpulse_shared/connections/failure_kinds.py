"""The ways in which Redis can fail us, each with the words that say so.

Invariants: the words are ours alone, so a text of the server or the driver never reaches a log, a metric or an
answer through them; they may hold an address, a key or a password. A kind is a metric's label: the set is closed.
"""

from typing import Final, Literal, NamedTuple, get_args

FailureKind = Literal[
    "tls_wrong_host",
    "tls_expired",
    "tls_not_yet_valid",
    "tls_untrusted",
    "tls_not_spoken",
    "tls_no_handshake",
    "tls_client_certificate",
    "tls_closed_unanswered",
    "tls_failed",
    "connection_refused",
    "unknown_host",
    "unreachable",
    "socket_missing",
    "file_forbidden",
    "timed_out",
    "closed_unanswered",
    "connection_lost",
    "no_free_connection",
    "too_many_files",
    "too_many_clients",
    "not_redis",
    "authentication_failed",
    "authentication_required",
    "no_password_set",
    "not_permitted",
    "protected_mode",
    "out_of_memory",
    "read_only",
    "loading",
    "busy",
    "cannot_save",
    "too_few_replicas",
    "master_down",
    "cluster_down",
    "cluster_node",
    "slots_moving",
    "no_master",
    "unknown_command",
    "no_such_database",
    "wrong_type",
    "keyspace_version",
    "refused",
    "internal",
]
"""Short name of what went wrong."""

TEXTS: Final[dict[FailureKind, str]] = {
    "tls_wrong_host": "TLS certificate is not for this host",
    "tls_expired": "TLS certificate has expired",
    "tls_not_yet_valid": "TLS certificate is not valid yet",
    "tls_untrusted": "TLS certificate is not trusted",
    "tls_not_spoken": "the server does not speak TLS",
    "tls_no_handshake": "no TLS handshake in time, as by a port that does not speak TLS",
    "tls_client_certificate": "the server wants a TLS client certificate",
    "tls_closed_unanswered": (
        "TLS connection closed before the first answer, as by a server that wants a client certificate"
    ),
    "tls_failed": "TLS failed",
    "connection_refused": "connection refused",
    "unknown_host": "host name is not known",
    "unreachable": "host cannot be reached",
    "socket_missing": "file does not exist",
    "file_forbidden": "file may not be opened",
    "timed_out": "timed out",
    "closed_unanswered": "connection closed before the first answer, as by a port that speaks only TLS",
    "connection_lost": "connection lost",
    "no_free_connection": "no free connection",
    "too_many_files": "too many open files in this process",
    "too_many_clients": "the server has too many clients",
    "not_redis": "the answer is not Redis's protocol",
    "authentication_failed": "authentication failed",
    "authentication_required": "authentication required",
    "no_password_set": "the URL holds a password, the server has none",
    "not_permitted": "not permitted",
    "protected_mode": "the server is in protected mode",
    "out_of_memory": "out of memory",
    "read_only": "read-only replica",
    "loading": "loading its data",
    "busy": "busy with a script",
    "cannot_save": "cannot save to disk",
    "too_few_replicas": "too few replicas",
    "master_down": "replica without its master",
    "cluster_down": "cluster is down",
    "cluster_node": "key belongs to another node of a cluster",
    "slots_moving": "slots are moving",
    "no_master": "no sentinel knows the master",
    "unknown_command": "unknown command",
    "no_such_database": "no such database",
    "wrong_type": "a key holds something else",
    "keyspace_version": "nothing is written",
    "refused": "refused",
    "internal": "internal error",
}
"""What is said of each kind; a detail may follow after `: `."""

assert TEXTS.keys() == set(get_args(FailureKind))

_FOR_THE_OPERATOR: Final[frozenset[FailureKind]] = frozenset(
    ("authentication_failed", "authentication_required", "no_password_set", "not_permitted", "protected_mode")
)


class Failure(NamedTuple):
    """Say what went wrong; `detail` is a word of a closed set, as a command's name, or empty."""

    kind: FailureKind
    detail: str = ""

    @property
    def text(self) -> str:
        """Return the failure in words: `not permitted: hset`."""
        return f"{TEXTS[self.kind]}: {self.detail}" if self.detail else TEXTS[self.kind]

    @property
    def is_refusal(self) -> bool:
        """Tell whether Redis refuses whoever we are: nothing helps but an operator, so asking often is no use."""
        return self.kind in _FOR_THE_OPERATOR
