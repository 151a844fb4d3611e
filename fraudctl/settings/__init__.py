"""What a user sets: profiles, data folders, notations of the command line."""
