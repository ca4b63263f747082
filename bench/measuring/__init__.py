"""The measuring harness of `make bench`: Isthmus, its peers and the raw limits, side by side."""
