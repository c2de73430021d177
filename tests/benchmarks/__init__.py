"""What is measured, against the least program that does the same unavoidable work."""
