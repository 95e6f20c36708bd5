"""Adversaries: what each of them can see at once, and what it tells them."""
