"""The server's own modules: settings, logs, command line, shutdown."""
