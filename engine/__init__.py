"""The Pulumi engine and its plugins, found or built."""
