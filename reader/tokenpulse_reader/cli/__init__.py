"""The command line."""

try:
    from tokenpulse_reader.cli.group import main
except ModuleNotFoundError as error:
    if error.name is None or error.name.startswith("tokenpulse"):
        raise
    raise SystemExit(
        f"tokenpulse: the command line needs {error.name}, which is not installed; "
        "install it with: pip install 'tokenpulse[reader]'"
    ) from None

__all__ = ["main"]
