"""What pytest must not import: programs that set up devices of their own, run by test_parts.py in processes of their own."""

collect_ignore = ["two_processes.py", "four_devices.py", "two_replicas.py"]
