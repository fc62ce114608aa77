"""Benchmarks: run by hand or with ``make bench``, never inside the tests."""
