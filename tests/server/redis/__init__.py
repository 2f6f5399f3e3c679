"""Tests of the pieces around Redis that the journal and the exchange share."""
