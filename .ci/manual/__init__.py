"""The manual: pages that are made of the code, for the site that `make docs` builds of docs/."""
