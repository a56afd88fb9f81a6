"""What the image's build does besides pip: it picks the files of the base that the operator runs on, and lists all.

The Dockerfile runs it with the Python of the base image. It needs the standard library, and for the list `packaging`,
which hatchling brings along.
"""
