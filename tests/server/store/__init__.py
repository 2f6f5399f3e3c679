"""What keeps sound: the store itself, who may keep what, and what players get to hear."""
