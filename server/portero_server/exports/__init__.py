"""Writes sightings to files by schedule: a folder or a bucket, partitioned by site and day."""
