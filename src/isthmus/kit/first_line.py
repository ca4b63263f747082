"""An exception in one line, for a log."""


def first_line(error: BaseException) -> str:
    """What it says first, without what a driver adds below; its type where it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
