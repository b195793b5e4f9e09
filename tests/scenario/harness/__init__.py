"""What the scenario tests stand on: the program, Redis and Prometheus as processes, backends and clients by raw bytes."""
