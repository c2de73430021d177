"""The demo club: made once, on our side and in the sandbox, so that nothing differs."""
