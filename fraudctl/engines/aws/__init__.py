"""A stack on AWS: CloudFormation makes it, Managed Flink runs the job, ECS the programs."""
