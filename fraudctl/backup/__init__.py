"""A copy of a stack from which it goes on elsewhere: taken while it runs, proved to be whole, put back."""
