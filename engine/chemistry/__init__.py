"""Molecules as text: tokens, a prior that writes them, properties, and scoring in worker processes."""
