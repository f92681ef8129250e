"""What servers say of themselves is decoded and added up."""

from tokenpulse_shared.totals.server_info import add_infos, decode_info
from tokenpulse_shared.totals.totals_records import RedisInfo


def test_whole_numbers_and_databases_are_taken() -> None:
    """Texts and shares are passed over."""
    reply = {
        "used_memory": 10,
        "redis_version": "7.0.15",
        "mem_fragmentation_ratio": 1.5,
        "db0": {"keys": 5, "expires": 1},
        "db1": "odd",
    }

    assert decode_info(reply) == RedisInfo(numbers={"used_memory": 10}, keys={"0": 5})


def test_servers_add_up() -> None:
    """But for the age, which is the youngest's; a number that not all tell is left out."""
    one = RedisInfo(numbers={"used_memory": 10, "uptime_in_seconds": 7, "odd": 1}, keys={"0": 5})
    two = RedisInfo(numbers={"used_memory": 20, "uptime_in_seconds": 3}, keys={"0": 6, "1": 1})

    assert add_infos([one, two]) == RedisInfo(
        numbers={"used_memory": 30, "uptime_in_seconds": 3}, keys={"0": 11, "1": 1}
    )
    assert add_infos([]) == RedisInfo(numbers={}, keys={})


def test_a_limit_holds_only_where_all_have_one() -> None:
    """0 is without a limit, as Redis says it."""
    limits = [RedisInfo(numbers={"maxmemory": size}, keys={}) for size in (100, 200, 0)]

    assert add_infos(limits[:2]).numbers == {"maxmemory": 300}
    assert add_infos(limits).numbers == {"maxmemory": 0}
