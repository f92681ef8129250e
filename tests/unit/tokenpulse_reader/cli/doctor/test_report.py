"""Tests of how checks are written down."""

import orjson

from tokenpulse_reader.cli.doctor.check import failure, passed, warning
from tokenpulse_reader.cli.doctor.report import json_report, text_report

_URL = "redis://:***@host/0"
_CHECKS = [
    passed("connection", "answers"),
    warning("data", "little", "send more", items=["one", "two"]),
    failure("role", "a replica", "use the master"),
]


def test_the_table() -> None:
    """One line a check, its details under it, then what to do; the sum at the end."""
    assert text_report(_CHECKS, _URL, "tp:").splitlines() == [
        "redis://:***@host/0, keys tp:*",
        "",
        "ok       connection  answers",
        "warning  data        little",
        "                       one",
        "                       two",
        "                     → send more",
        "failure  role        a replica",
        "                     → use the master",
        "",
        "1 failure, 1 warning",
    ]


def test_the_sum_counts_and_says_when_all_is_well() -> None:
    """What is not there is not mentioned."""
    assert text_report([], _URL, "tp:").splitlines()[-1] == "all is well"
    assert text_report(_CHECKS[1:2] * 2, _URL, "tp:").splitlines()[-1] == "2 warnings"


def test_json() -> None:
    """The same in JSON, with the exit code; nothing to do is null."""
    assert orjson.loads(json_report(_CHECKS, _URL, "tp:")) == {
        "status": "failure",
        "exit_code": 2,
        "redis_url": _URL,
        "key_prefix": "tp:",
        "checks": [
            {"name": "connection", "status": "ok", "says": "answers", "to_do": None, "items": []},
            {
                "name": "data",
                "status": "warning",
                "says": "little",
                "to_do": "send more",
                "items": ["one", "two"],
            },
            {
                "name": "role",
                "status": "failure",
                "says": "a replica",
                "to_do": "use the master",
                "items": [],
            },
        ],
    }
