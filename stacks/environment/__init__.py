"""The program: one function a layer."""
