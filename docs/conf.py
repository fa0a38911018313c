"""Build the site: MyST pages, the Furo theme, every broken reference an error."""

from __future__ import annotations

from importlib import metadata

project = "midspan"
author = "The midspan maintainers"
project_copyright = "The midspan maintainers"
version = release = metadata.version("midspan")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Fragments become part of the changelog at a release; they are no pages.
exclude_patterns = ["_build", "changelog.d"]

# Docstrings say `name` for code. Types are left to editors: a signature with all of them is hard to read.
default_role = "code"
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"

html_theme = "furo"
html_title = f"midspan {release}"
