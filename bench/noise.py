"""Whether a figure moved between two builds that were measured in turn, or only scatters.

    python3 -m doctest bench/noise.py

Two builds that are the same seldom move, however much the machine scatters; what moved is therefore
measured again:

>>> draw = random.Random(7)
>>> scattering = lambda slower: [draw.lognormvariate(0, 0.05) * slower for _ in range(12)]
>>> sum(Change.between(scattering(1), scattering(1)).verdict != "same" for _ in range(100)) <= 3
True

What the machine does to a round falls on both, and so does not hide a tenth:

>>> load = [draw.lognormvariate(0, 0.5) for _ in range(12)]
>>> base = [one * two for one, two in zip(load, scattering(1))]
>>> Change.between(base, [one * two for one, two in zip(load, scattering(1.1))]).verdict
'more'
>>> Change.between(base, [one * two for one, two in zip(load, scattering(0.9))]).verdict
'less'

One bad round is no change, and neither is a change that is certain and small:

>>> Change.between([1.0] * 12, [1.0] * 11 + [9.0]).verdict
'same'
>>> Change.between([1.0] * 12, [1.01] * 12).verdict
'same'
"""
import dataclasses
import random
import statistics

# The least change that matters, as a part of the figure.
LEAST = 0.03
# How sure it must be that there is one.
CONFIDENCE = 0.99
SAMPLES = 4000
# With fewer rounds chance alone puts all of them on one side too often.
FEWEST_ROUNDS = 8


@dataclasses.dataclass
class Change:
    """The ratio of a figure to that of the base: the median over rounds, and between which bounds
    it lies, by bootstrap over rounds."""

    ratio: float
    low: float
    high: float

    @classmethod
    def between(cls, base, new):
        """Figures of the same rounds: each ratio is of one round."""
        ratios = [mine / theirs for mine, theirs in zip(new, base, strict=True)]
        # The same numbers each time: a verdict must not depend on the drawing.
        draw = random.Random(1)
        medians = sorted(
            statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(SAMPLES)
        )
        cut = round(SAMPLES * (1 - CONFIDENCE) / 2)
        return cls(statistics.median(ratios), medians[cut], medians[-1 - cut])

    @property
    def verdict(self):
        if self.low > 1 and self.ratio >= 1 + LEAST:
            return "more"
        if self.high < 1 and self.ratio <= 1 - LEAST:
            return "less"
        return "same"

    def __str__(self):
        return f"{self.ratio:.3f} ({self.low:.3f} to {self.high:.3f})"
