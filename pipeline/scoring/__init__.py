"""An event's verdict without a cluster: order, features, rules."""
