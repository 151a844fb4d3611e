"""What is fetched and run but not ours: jars by lock file, the Java runtime."""
