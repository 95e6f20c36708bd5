"""Tests of petition/signals; `python -m tests.signals` prints the tables of docs/signals.md."""
