"""A program with one resource of each type that came after the stores, as a component would make it."""
