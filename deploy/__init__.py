"""Starts everything: the command line, the demo, the local broker, topics and their rights."""
