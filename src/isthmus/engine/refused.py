"""What a person asked for and does not get."""


class ActionRefused(Exception):
    """What a person asked of a hold cannot be done: what, why, what to do instead."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}\n{why}\n{remedy}")
        self.what, self.why, self.remedy = what, why, remedy
