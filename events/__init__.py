"""The rules: everything that is decided, from values to values."""
