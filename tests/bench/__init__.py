"""The benchmarks of `make bench`; not collected by pytest."""
