"""Rooms full of real WebRTC clients that speak recorded Opus and check what comes back."""
