"""Generated Korean speech for the tests: the clips, their texts, and the program that made them."""
