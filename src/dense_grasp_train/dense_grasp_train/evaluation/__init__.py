"""Figures on fixed test sets beside controls."""
