"""The page on metrics says how to fetch each, how to ask for each."""

from tokenpulse_reader.exposition.guide import guide, promql
from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.profiles import METRICS_OF
from tokenpulse_reader.exposition.table import METRICS

BY_NAME = {metric.name: metric for metrics in METRICS_OF.values() for metric in metrics}


def test_every_metric_has_an_entry_with_curl_and_promql() -> None:
    """Of every profile, in the table's order."""
    page = guide("http://reader:9100")
    headings = [line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")]

    assert headings == list(BY_NAME)
    for metric in BY_NAME.values():
        assert f"- PromQL: `{promql(metric)}`" in page
        assert f"name[]={metric.name}'`" in page


def test_an_entry_is_written_whole() -> None:
    """To the letter."""
    assert (
        "### provider_response_time_seconds\n"
        "\n"
        "Time from an inference request's arrival to the end of its answer, in seconds.\n"
        "\n"
        "- type: histogram; category: providers; labels: `provider`\n"
        "- buckets: 0.1 0.5 1 2.5 5 10 30 60\n"
        "- curl: `curl -sg 'http://reader:9100/metrics?name[]=provider_response_time_seconds'`\n"
        "- PromQL: `histogram_quantile(0.95, sum by (le, provider) "
        "(rate(provider_response_time_seconds_bucket[5m])))`\n"
    ) in guide("http://reader:9100")


def test_profiles_say_how_to_choose_them() -> None:
    """Their names are asked for with the profile."""
    page = guide("http://reader:9100")

    assert "/metrics?profile=vllm&name[]=vllm:prompt_tokens_total'" in page
    assert 'targets: ["reader:9100"]' in page


def test_the_question_suits_the_type() -> None:
    """A counter is asked for its rate, a gauge for its value, a summary for its mean."""
    plain = Metric(name="n_total", kind="counter", category="system", labels=(), help="N.")

    assert promql(plain) == "rate(n_total[5m])"
    assert promql(BY_NAME["credits_used_total"]) == "sum by (provider, model) (rate(credits_used_total[5m]))"
    assert promql(BY_NAME["health_score"]) == "max by (provider) (health_score)"
    assert promql(BY_NAME["redis_up"]) == "redis_up"
    assert promql(BY_NAME["vllm:inter_token_latency_seconds"]) == (
        "rate(vllm:inter_token_latency_seconds_sum[5m]) / rate(vllm:inter_token_latency_seconds_count[5m])"
    )
    assert promql(BY_NAME["database_query_duration_seconds"]).startswith(
        "rate(database_query_duration_seconds_sum[5m]) / "
    )
    assert len(METRICS) < len(BY_NAME)
