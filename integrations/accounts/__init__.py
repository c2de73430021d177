"""How staff sign in, stay signed in, and leave (docs/decisions)."""
