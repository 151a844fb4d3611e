"""The job as a package of Managed Service for Apache Flink, and what AWS is told of a stack."""
