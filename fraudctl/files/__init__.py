"""Files as people have them, read row by row into transactions; nothing vanishes, nothing is guessed."""
