"""Are strangers known again, and is nobody taken for somebody else?"""
