"""What Callgate does on this machine: rates, latencies, CPU and memory, beside Kamailio refusing by itself.

``python -m bench`` runs it; docs/performance.md tells what is measured and how.
"""
