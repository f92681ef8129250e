"""Tests of the translation of errors; those that real servers cause are in tests/redis."""

import asyncio
import errno
import socket
import ssl

import pytest
import redis
from redis import exceptions
from redis._parsers.base import BaseParser
from redis.sentinel import MasterNotFoundError

from tokenpulse_shared.connections.failure_kinds import Failure
from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.connections.redis_greeting import ClosedUnansweredError
from tokenpulse_shared.errors import KeyspaceVersionError


def _answer(text: str) -> Exception:
    """Return what redis-py makes of an error that a server sends."""
    error: Exception = BaseParser.parse_error(text)
    return error


def _caused(error: Exception, cause: BaseException) -> Exception:
    """Return an error as redis-py raises it while it handles another: without `from`."""
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("WRONGPASS invalid username-password pair or user is disabled.", "authentication failed"),
        ("NOAUTH Authentication required.", "authentication required"),
        ("ERR AUTH <password> called without any password configured for the default user. Are you sure?", "the URL holds a password, the server has none"),
        ("NOPERM this user has no permissions to run the 'hset' command", "not permitted: hset"),
        ("NOPERM User w has no permissions to run the 'client|setname' command", "not permitted: client|setname"),
        ("NOPERM this user has no permissions to access one of the keys used as arguments", "not permitted: one of the keys"),
        ("NOPERM User w has no permissions to access the 'a:b' key", "not permitted: one of the keys"),
        ("EXECABORT Transaction discarded because of: this user has no permissions to run the 'exec' command", "not permitted: exec"),
        ("ERR EXEC without MULTI", "not permitted"),
        ("ERR The user executing the script can't run this command or subcommand script: 99, on @user_script:1.", "not permitted"),
        ("ERR ACL failure in script: User w has no permissions to run the 'zadd' command script: 9, on @user_script:1.", "not permitted: zadd"),
        ("DENIED Redis is running in protected mode because protected mode is enabled", "the server is in protected mode"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "out of memory"),
        ("ERR Error running script (call to f_9): @user_script:19: @user_script: 19: -OOM command not allowed when used memory > 'maxmemory'.", "out of memory"),
        ("READONLY You can't write against a read only replica.", "read-only replica"),
        ("ERR Error running script (call to f_9): @user_script:1: -READONLY You can't write against a read only replica.", "read-only replica"),
        ("LOADING Redis is loading the dataset in memory", "loading its data"),
        ("BUSY Redis is busy running a script.", "busy with a script"),
        ("MISCONF Redis is configured to save RDB snapshots", "cannot save to disk"),
        ("NOREPLICAS Not enough good replicas to write.", "too few replicas"),
        ("MASTERDOWN Link with MASTER is down", "replica without its master"),
        ("CLUSTERDOWN The cluster is down", "cluster is down"),
        ("TRYAGAIN Multiple keys request during rehashing of slot", "slots are moving"),
        ("MOVED 3999 127.0.0.1:6381", "key belongs to another node of a cluster"),
        ("ASK 3999 127.0.0.1:6381", "key belongs to another node of a cluster"),
        ("ERR unknown command 'HSET', with args beginning with: 'secret' ", "unknown command: hset"),
        ("ERR unknown command `EVALSHA`, with args beginning with: `secret`, ", "unknown command: evalsha"),
        ("ERR DB index is out of range", "no such database"),
        ("ERR SELECT is not allowed in cluster mode", "no such database"),
        ("ERR max number of clients reached", "the server has too many clients"),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", "a key holds something else"),
        ("NOSCRIPT No matching script.", "refused: NOSCRIPT"),
        ("ERR value is not an integer or out of range", "refused: ERR"),
        ("what is this", "refused"),
    ],
)  # fmt: skip
def test_what_servers_say(said: str, text: str) -> None:
    """A server's words are told apart, by their code or by what a script leaves of them, and not repeated."""
    assert describe_failure(_answer(said)).text == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (redis.TimeoutError("Timeout reading from socket"), "timed out"),
        (TimeoutError(), "timed out"),
        (redis.ConnectionError("Connection closed by server."), "connection lost"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "connection lost"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connection refused"),
        (OSError(errno.EHOSTUNREACH, "no route"), "host cannot be reached"),
        (OSError(errno.EMFILE, "files"), "too many open files in this process"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 6379, 0, 0), [Errno 111] …"), "connection refused"),
        (OSError("something else"), "connection lost"),
        (socket.gaierror(-2, "Name or service not known"), "host name is not known"),
        (FileNotFoundError(errno.ENOENT, "no file"), "file does not exist"),
        (PermissionError(errno.EACCES, "no"), "file may not be opened"),
        (exceptions.MaxConnectionsError("Too many connections"), "no free connection"),
        (exceptions.InvalidResponse("Protocol Error: b'HTTP/1.1 400'"), "the answer is not Redis's protocol"),
        (MasterNotFoundError("No master found for 'x'"), "no sentinel knows the master"),
        (exceptions.ClusterCrossSlotError("Keys in request don't hash to the same slot"), "key belongs to another node of a cluster"),
        (KeyspaceVersionError("keyspace version 2 is newer than 1"), "nothing is written: keyspace version 2 is newer than 1"),
        (ValueError("secret"), "internal error: ValueError"),
        (exceptions.DataError("secret"), "internal error: DataError"),
    ],
)  # fmt: skip
def test_what_the_way_there_raises(error: Exception, text: str) -> None:
    """The network's, the driver's and our own errors, none by its text."""
    assert describe_failure(error).text == text


@pytest.mark.parametrize(
    ("error", "cause", "failure"),
    [
        (redis.ConnectionError("Error 111 connecting to h:1."), ConnectionRefusedError(111, "x"), Failure("connection_refused")),
        (redis.ConnectionError("Error -2 connecting to h:1."), socket.gaierror(-2, "x"), Failure("unknown_host")),
        (redis.TimeoutError("Timeout connecting to server"), TimeoutError("The handshake operation timed out"), Failure("tls_no_handshake")),
        (redis.TimeoutError("Timeout connecting to server"), asyncio.CancelledError(), Failure("timed_out")),
        (redis.ConnectionError("Error 8 connecting to h:1."), ssl.SSLEOFError(8, "EOF"), Failure("tls_not_spoken")),
        (redis.ConnectionError("Error 8 while writing to socket."), ssl.SSLEOFError(8, "EOF"), Failure("connection_lost")),
        (ClosedUnansweredError("x"), redis.ConnectionError("Connection closed by server."), Failure("closed_unanswered")),
        (ClosedUnansweredError("x"), ConnectionResetError(104, "x"), Failure("closed_unanswered")),
        (ClosedUnansweredError("x"), ssl.SSLEOFError(8, "EOF"), Failure("tls_closed_unanswered")),
        (redis.AuthenticationError("invalid"), redis.ConnectionError("x"), Failure("authentication_failed")),
        (_answer("NOPERM this user has no permissions to run the 'hset' command"), _answer("OOM command not allowed"), Failure("not_permitted", "hset")),
        (ValueError("x"), ConnectionRefusedError(111, "x"), Failure("connection_refused")),
    ],
)  # fmt: skip
def test_a_cause_knows_more_than_what_it_became(
    error: Exception, cause: BaseException, failure: Failure
) -> None:
    """The driver's wrapping is looked through; what a server answered stands, whatever was handled before."""
    assert describe_failure(_caused(error, cause)) == failure


def test_a_long_chain_of_causes_ends() -> None:
    """Only so many causes are followed."""
    error: Exception = ConnectionRefusedError(111, "x")
    for _ in range(20):
        error = _caused(ValueError("x"), error)

    assert describe_failure(error) == Failure("internal", "ValueError")
