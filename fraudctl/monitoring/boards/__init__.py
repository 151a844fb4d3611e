"""Grafana's dashboards, one file each: what is shown, by the names of the catalogue."""
