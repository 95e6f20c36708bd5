"""`make fuzz`: bytes that a fuzzer makes, guided by coverage, against everything that reads what strangers send."""
