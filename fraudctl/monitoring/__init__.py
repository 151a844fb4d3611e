"""What watches a stack and is made from the catalogue of metrics: pages, dashboards, alert rules."""
