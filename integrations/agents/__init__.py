"""The agents' door (MCP): who may come in, what they may call, and what is written down of it."""
