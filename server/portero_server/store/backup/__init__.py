"""Backups: whole copies of a database in one SQLite file, whatever the database is, and what must hold after a restore.

MySQL is copied by our own statements and not by its dump program: that is missing where the server runs (the image, a
managed database), wants the password in a file or an argument, and differs between MySQL and MariaDB. One transaction
reads one state of all tables; the file can be checked, restored into either kind of database, and read without a
server. The tables are ours alone, so nothing of the database is left out that belongs to Portero.
"""
