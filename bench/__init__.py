"""Measurements of accuracy, latency and capacity; run by hand, results stored in results/."""
