"""A stack that is looked at while it works: in a terminal (`top`), in a browser (`console`)."""
