"""Other people's scanners as witnesses for the controls."""
