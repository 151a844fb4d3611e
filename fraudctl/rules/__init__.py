"""Rule sets as a person works with them: changes and differences."""
