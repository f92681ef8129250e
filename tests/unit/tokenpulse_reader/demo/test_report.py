"""Tests of what the demo tells its user."""

from tokenpulse_reader.demo.report import introduction, status_line, summary, where_kept
from tokenpulse_reader.demo.traffic import TrafficCounts
from tokenpulse_shared.settings import Settings

COUNTS = TrafficCounts(sent=20, answered=12, failed=3, left_early=1, cut_off=0)


def test_status_line_without_health() -> None:
    """When the reader gave no answer the line says that health is not known."""
    line = status_line(COUNTS, None, elapsed_seconds=5.2, degrading=False)

    assert line == "    5 s  sent 20, answered 12, failed 3, open 4 | health: not known"


def test_status_line_scores_providers() -> None:
    """Each provider has its rounded score, a question mark where it is unknown; names lumped together are left out."""
    health = [
        {"provider": "__other__", "status": "unknown", "health_score": 100.0},
        {"provider": "groq", "status": "healthy", "health_score": 97.6},
        {"provider": "mistral", "status": "unknown", "health_score": 100.0},
    ]
    line = status_line(COUNTS, health, elapsed_seconds=65, degrading=True)

    assert line == (
        "   65 s  sent 20, answered 12, failed 3, open 4 | health: groq 98 mistral ? (mistral is in trouble)"
    )


def test_summary_names_what_was_left_out() -> None:
    """The last line counts every request once, with arrivals left out only when there were any."""
    whole = (
        "done: sent 20 requests: 12 answered, 3 failed, 1 hung up early by the client, 0 cut off by the stop"
    )
    skipped = TrafficCounts(sent=20, answered=12, failed=3, left_early=1, skipped=2)

    assert summary(COUNTS, pending=0, spill_path=None) == (whole,)
    assert summary(skipped, pending=0, spill_path="/spill") == (
        f"{whole}; 2 left out because too many were open",
    )


def test_summary_tells_what_redis_lacks() -> None:
    """With a spill directory they wait there, without one they are lost."""
    _, waiting = summary(COUNTS, pending=3, spill_path="/spill")
    _, lost = summary(COUNTS, pending=3, spill_path=None)

    head = "NOT in Redis, as far as is known: 3 of them, Redis was away at the end; "
    assert waiting == f"{head}they wait in /spill for the next start"
    assert lost == (
        f"{head}they are lost; with TOKENPULSE_SPILL_PATH=<directory> the next start would bring them"
    )


def test_commands_carry_the_token_by_name_only() -> None:
    """With a token the commands refer to its variable; neither it nor Redis' password is printed."""
    settings = Settings.load({}, api_token="s3cret", redis_url="redis://:hidden@example.test:6379/0")
    lines = introduction(settings, app_url="http://a", reader_url="http://r", rate=2.0)
    text = "\n".join(lines)

    assert "curl -s -H \"Authorization: Bearer $TOKENPULSE_API_TOKEN\" 'http://r/metrics'" in text
    assert "s3cret" not in text
    assert "hidden" not in text


def test_where_kept_names_the_keys() -> None:
    """A real Redis is shown with the prefix of the keys."""
    settings = Settings.load({}, redis_url="redis://localhost:6379/3", key_prefix="try:")

    assert where_kept(settings) == "in redis://localhost:6379/3, keys try:*"
