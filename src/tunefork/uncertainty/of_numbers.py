"""What each row contributes to metrics of numbers: see ``contributions`` for what that means.

With e a row's error, M its mean square, V the variance of the true numbers and z standard scores, a row's influence is

    mean absolute error    |e| − its mean
    M                      e² − M
    RMSE = √M              (e² − M) / (2 √M)                          the delta method
    R² = 1 − M / V         −(e² − M) / V + M ((y − ȳ)² − V) / V²      likewise
    Pearson's r            zₓ z_y − r (zₓ² + z_y²) / 2                Devlin, Gnanadesikan and Kettenring 1975,
                                                                      Biometrika 62(3):531–545, equation 3.2
    Spearman's ρ           see ``of_spearman``                        Croux and Dehon 2010, Stat. Methods Appl.
                                                                      19(4):497–515, proposition 1

(van der Vaart 1998, "Asymptotic Statistics", chapters 3 and 20, for the delta method and influence functions.)
"""

from __future__ import annotations

import numpy as np

from tunefork.uncertainty.contributions import Floats


def of_mae(predicted: Floats, labels: Floats) -> Floats:
    """[S, n] contributions to the mean absolute error.

    Args:
        predicted: [S, n].
        labels: [n].
    """
    return np.asarray(np.abs(predicted - labels))


def of_mse(predicted: Floats, labels: Floats) -> Floats:
    """[S, n] contributions to the mean squared error.

    Args:
        predicted: [S, n].
        labels: [n].
    """
    return np.asarray(np.square(predicted - labels))


def of_rmse(predicted: Floats, labels: Floats) -> Floats:
    """[S, n] contributions to the root of the mean squared error.

    Args:
        predicted: [S, n].
        labels: [n].
    """
    squares = of_mse(predicted, labels)
    mean = squares.mean(axis=1, keepdims=True)
    root = np.sqrt(mean)
    return np.asarray(root + (squares - mean) / np.where(root > 0, 2 * root, 1.0))


def of_r2(predicted: Floats, labels: Floats) -> Floats:
    """[S, n] contributions to R², the share of the labels' variance that the predictions explain.

    Args:
        predicted: [S, n].
        labels: [n].

    Raises:
        ValueError: all labels are the same number.
    """
    squares, apart = of_mse(predicted, labels), np.square(labels - labels.mean())
    mean, variance = squares.mean(axis=1, keepdims=True), float(apart.mean())
    if not np.ptp(labels) > 0:
        raise ValueError("R² needs labels that differ")
    return np.asarray(1 - mean / variance - (squares - mean) / variance + mean * (apart - variance) / variance**2)


def of_pearson(predicted: Floats, labels: Floats) -> Floats:
    """[S, n] contributions to Pearson's correlation.

    Args:
        predicted: [S, n].
        labels: [n].

    Raises:
        ValueError: all numbers of a side are the same.
    """
    x, y = _standard(predicted), _standard(labels[None])
    r = (x * y).mean(axis=1, keepdims=True)
    return np.asarray(r + x * y - r * (np.square(x) + np.square(y)) / 2)


def of_spearman(predicted: Floats, labels: Floats) -> Floats:
    """[S, n] contributions to Spearman's rank correlation, ties included.

    It is the correlation of F(X) and G(Y), with F(x) = P(X < x) + P(X = x) / 2 and G likewise. A row counts as itself,
    as in Pearson's, and it also moves the ranks of all others. Pearson's influence on midranks leaves that out, and in
    simulations its intervals were up to a seventh too narrow where predictions are good. With A = E[F G],
    h(g; x) = E[g · (1(X > x) + 1(X = x) / 2)] and B = E[F²]:

        influence on A    F(x) G(y) + h(G; x) + h(F; y) − 3 A
        influence on B    F(x)² + 2 h(F; x) − 3 B

    and ρ = (A − 1/4) / √((B_F − 1/4) (B_G − 1/4)) by the chain rule. Without ties B is 1/3, which leaves Croux and
    Dehon's formula.

    Args:
        predicted: [S, n].
        labels: [n].

    Raises:
        ValueError: all numbers of a side are the same.
    """
    _standard(labels[None])
    _standard(predicted)
    g = _midranks(labels)
    found = np.empty(predicted.shape)
    for seed, row in enumerate(predicted):
        f = _midranks(row)
        a, spread, other = float((f * g).mean()), float((f * f).mean()) - 0.25, float((g * g).mean()) - 0.25
        rho = (a - 0.25) / (spread * other) ** 0.5
        of_a = f * g + _above(row, g) + _above(labels, f) - 3 * a
        of_f = f * f + 2 * _above(row, f) - 3 * (spread + 0.25)
        of_g = g * g + 2 * _above(labels, g) - 3 * (other + 0.25)
        found[seed] = rho + of_a / (spread * other) ** 0.5 - rho / 2 * (of_f / spread + of_g / other)
    return found


def _standard(values: Floats) -> Floats:
    """[S, n] with mean 0 and variance 1."""
    if not (np.ptp(values, axis=1) > 0).all():
        raise ValueError("a correlation needs numbers that differ")
    moved = values - values.mean(axis=1, keepdims=True)
    return np.asarray(moved / np.sqrt(np.square(moved).mean(axis=1, keepdims=True)))


def _midranks(values: Floats) -> Floats:
    """Of each value the share of values below it, and half of those that equal it."""
    order = np.sort(values)
    low, high = (np.searchsorted(order, values, side=side) for side in ("left", "right"))
    return np.asarray((low + high) / (2 * len(values)))


def _above(values: Floats, weights: Floats) -> Floats:
    """Of each value the mean over all rows of their weight where their value is larger; half where it is equal."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    low, high = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return np.asarray((sums[-1] - (sums[low] + sums[high]) / 2) / len(values))
