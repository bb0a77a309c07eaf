"""What simulations need of the normal distribution."""

import numpy as np
from numpy.typing import NDArray


def normal_quantiles(number: int) -> NDArray[np.float64]:
    """The quantiles of the standard normal distribution at (i + 1/2) / n, i from 0, (n,): n values that are spread as it is.

    >>> [round(float(each), 3) for each in normal_quantiles(3)]
    [-0.967, 0.0, 0.967]
    """
    from scipy.special import ndtri  # type: ignore[import-untyped]

    return np.asarray(ndtri((np.arange(number) + 0.5) / number))
