"""What the pipeline's processes share."""
