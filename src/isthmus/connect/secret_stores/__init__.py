"""Secret managers that a landscape may name: `vault:` and `command:`. Packages bring others by the
entry point group `isthmus.secrets`: a function of no arguments that gives a `Store`.
"""
