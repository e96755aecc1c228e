"""Command line: the console script ``cardiac``."""


def main() -> None:
    """Entry point of the console script. Exit codes: 0 done, 1 inputs failed, 2 wrong usage."""
    from cardiac.cli.app import main as run

    run()
