"""Gymnasium environments: which are allowed, how they are batched, saved, normalised and shown."""
