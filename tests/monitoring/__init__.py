"""docs/deploy/monitoring: the alerts, their own tests, the dashboard; and what fires when something breaks for real."""
