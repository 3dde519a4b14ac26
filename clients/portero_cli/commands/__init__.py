"""One file for each command or group of commands; registry.py lists them.

A command imports what an extra brings (bridge, demo) when it is run, not before: the base install has all of help.
"""
