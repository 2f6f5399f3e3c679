"""Sound beside the journal: the Opus packets of live microphones, as they came."""
