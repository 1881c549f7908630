"""Controls that keep what runs and what it answers traceable to what it was made of."""

__all__: list[str] = []
