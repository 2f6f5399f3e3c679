"""People of a room hear each other: everybody's sound is played out evenly, mixed and sent."""
