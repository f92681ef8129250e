"""Prometheus exposition: one table of metrics, rendered once per snapshot."""

from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts, LastDay
from tokenpulse_reader.exposition.holder import ExpositionHolder

__all__ = ["Exposition", "ExpositionHolder", "Facts", "LastDay"]
