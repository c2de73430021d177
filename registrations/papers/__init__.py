"""What a team takes along on paper: emergency sheet, team sheet, ID cards, the league's pack."""
