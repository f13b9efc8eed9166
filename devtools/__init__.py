"""What this project is developed with: demo, chaos, benchmarks, runs at scale. No part of what is installed."""
