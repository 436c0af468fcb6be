"""Predictors: a number learned from somebody's own table of molecules, with its honest error."""
