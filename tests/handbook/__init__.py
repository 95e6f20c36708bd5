"""The commands of docs/handbook.md, run as they stand on booted Debian 12 and 13: `make test-handbook`."""
