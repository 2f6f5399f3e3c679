"""The likeliest succession of voices through what was heard."""

import numpy as np
from numpy.typing import NDArray


def likeliest(scores: NDArray[np.float32], penalties: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return which voice has each cell (Viterbi): most score, less what its changes cost.

    Args:
        scores: shape (cells, voices).
        penalties: shape (cells - 1,), what a change between a cell and the next costs.

    Returns:
        Shape (cells,).
    """
    cells, voices = scores.shape
    if not cells or not voices:
        return np.zeros(0, np.intp)
    came_from = np.zeros((cells, voices), np.intp)
    stay = np.arange(voices)
    best = scores[0].astype(np.float64)
    for cell in range(1, cells):
        leader = int(best.argmax())
        changed = best[leader] - penalties[cell - 1]
        came_from[cell] = np.where(best >= changed, stay, leader)
        best = np.maximum(best, changed) + scores[cell]
    path = np.zeros(cells, np.intp)
    path[-1] = int(best.argmax())
    for cell in range(cells - 1, 0, -1):
        path[cell - 1] = came_from[cell, path[cell]]
    return path
