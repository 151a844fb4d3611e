"""The JVM half of the job: Java sources, and `build` which makes a jar of them. See README.md."""
