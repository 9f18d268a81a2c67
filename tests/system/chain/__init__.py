"""Every sender of events at once, from what is acknowledged to where it ends: what is made, who
sends, and what the ends say. test_chain_crash.py kills the server below it."""
