"""Notification channels, one file each: the file's name is the channel's name."""
