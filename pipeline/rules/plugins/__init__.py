"""Rules with logic: functions in a file beside the rule set."""
