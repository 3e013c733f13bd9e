"""Faust lives here and nowhere else: it reads, asks, writes and only then acknowledges."""
