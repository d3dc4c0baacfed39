"""The roof: `frontrow COMMAND`. Importing this imports no room."""


def main() -> None:
    """Entry point of the `frontrow` script."""
    from frontrow.cli.app import run

    run()
