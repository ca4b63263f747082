"""The two systems of the benchmark's job: one sells and delivers, the other keeps the books."""
