"""The models of an environment file: what may stand in it, and what each word means."""
