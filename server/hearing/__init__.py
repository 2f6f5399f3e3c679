"""From sound to events: live microphones and recordings, who may be heard, what is kept."""
