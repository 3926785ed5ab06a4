"""Mesh files of others, read so that what is rendered is what they say, or refused with a sentence."""
