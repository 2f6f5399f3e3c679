"""Between the processes of one deployment: passing messages, seats, and who is there."""
