"""The files of docs/deploy/cluster, started for real (`make cluster`)."""
