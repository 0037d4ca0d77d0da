"""The plan: from bench.toml to jobs with identities."""
