"""The Kubernetes engine: a stack as the chart in `deploy/kubernetes/fraudctl`, whose job an operator runs."""
