"""The vendors' stand-in: one loopback server that answers as the real services do."""
