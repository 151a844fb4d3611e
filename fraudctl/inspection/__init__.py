"""What a file of payments is, told before it is read: its columns, the fields they look like, the options."""
