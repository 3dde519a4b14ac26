"""One file for each command or group of commands; registry.py lists them.

A command imports the packages of an extra (bridge, demo) when it runs, not before, so that the base install can show
all help texts.
"""
