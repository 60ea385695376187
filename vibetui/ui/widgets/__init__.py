"""Widgets: they show a model and send messages. One a file."""
