"""Several campaigns on one installation: one settings file for each, one process, nothing shared. Nobody imports it."""
