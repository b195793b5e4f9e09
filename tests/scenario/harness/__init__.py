"""What the scenario tests stand on: real processes, and backends and clients that work on raw bytes."""
