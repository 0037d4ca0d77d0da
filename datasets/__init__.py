"""One file per dataset, and the published splits."""
