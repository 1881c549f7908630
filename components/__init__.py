"""What can be built: one file a noun."""
