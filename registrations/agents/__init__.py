"""What agents may call about registrations, through the door or in this program."""
