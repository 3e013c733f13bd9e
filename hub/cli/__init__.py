"""The command line, one module for each noun; `deploy.cli` puts them together."""
