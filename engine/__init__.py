"""The training engine: usable from a script, a test or the command line, without the dashboard."""
