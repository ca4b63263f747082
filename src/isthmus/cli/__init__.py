"""The command line: nouns, then verbs. Heavy rooms are imported by the command that needs them."""


def main() -> None:
    """Entry point of the `isthmus` script."""
    from isthmus.cli.root import run

    run()
