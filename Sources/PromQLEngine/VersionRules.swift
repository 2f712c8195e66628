public import PromQL

/// What changed between versions of Prometheus 3, in answers and not only in words: rules of native
/// histograms, of matches and of annotations.
extension LanguageVersion {
    /// Later than every change.
    public static let current = LanguageVersion(.max, 0)

    /// Whether `rate` and `increase` of histograms do not extrapolate beyond the point at which
    /// the count was zero, as those of floats.
    var limitsHistogramExtrapolation: Bool { self >= LanguageVersion(3, 6) }

    /// Whether differences of histograms, and their products with negative numbers, are gauges
    /// whatever the operands are.
    public var marksDifferencesAsGauges: Bool { self >= LanguageVersion(3, 6) }

    /// Whether annotations of `histogram_quantile` and `histogram_fraction` name no metric, unless
    /// names are kept to the end of the query. Before, they name the metric of the element that they
    /// are about, and of raised buckets that of each histogram at the first step it is there.
    var omitsDroppedNames: Bool { self >= LanguageVersion(3, 6) }

    /// Whether the parameter of `topk`, `bottomk`, `limitk` and `limit_ratio` is judged at every
    /// step. Before, it is where there is an element to choose.
    var judgesIdleParameters: Bool { self >= LanguageVersion(3, 6) }

    /// Whether `mad_over_time` of a window with a NaN is NaN. Before, NaN is the smallest of all.
    var carriesNaNIntoDeviations: Bool { self >= LanguageVersion(3, 14) }

    /// Whether it matters that one histogram says that its counter was reset, and the other that
    /// its was not.
    var judgesConflictingResets: Bool { self >= LanguageVersion(3, 7) }

    /// Whether custom buckets of different bounds are brought to the common ones. Before, they
    /// did not go together.
    var reconcilesCustomBounds: Bool { self >= LanguageVersion(3, 8) }

    /// Whether sorting the answer of a range query is warned of, as it changes nothing.
    var warnsOfIneffectiveSorting: Bool { self >= LanguageVersion(3, 12) }

    /// Whether a pair of elements counts as a match, of which there may be one, although the
    /// operation gives nothing of it: a comparison that does not hold, or operands that do not go
    /// together.
    var countsFilteredMatches: Bool { self >= LanguageVersion(3, 10) }
}
