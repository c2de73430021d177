"""Tables of teams and players from elsewhere: which column is what, and what each row says."""
