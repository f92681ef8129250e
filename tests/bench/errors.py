"""The one error of the measurements."""


class BenchDependencyError(Exception):
    """Say that a package which only the measurements need is not installed."""
