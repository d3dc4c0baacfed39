"""The cellar: catalogue, durable event log, artifacts, importers. One workspace folder holds them all."""
