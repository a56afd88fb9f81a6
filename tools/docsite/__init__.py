"""The documentation as a static site: the Markdown as it stands in the repository, put in order and built by Sphinx."""
