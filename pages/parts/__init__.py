"""Drawing that several screens share."""
