"""What operators see of a process: numbers and log lines, nothing about people."""
