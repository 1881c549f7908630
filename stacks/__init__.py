"""What we do build."""
