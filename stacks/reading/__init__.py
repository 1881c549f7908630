"""How a file becomes settings, or everything that is wrong with it."""
