"""Who speaks: voices on one microphone told apart, recognised, and joined with words."""
