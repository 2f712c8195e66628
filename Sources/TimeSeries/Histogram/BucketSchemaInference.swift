extension Dictionary where Key == Int, Value == FloatHistogram {
    /// Histograms of one series by step, read from buckets in print, told more of their layouts
    /// by those of the other steps: what is undecided at one step and certain at another; bounds
    /// of custom buckets that are populated at some step only; the layout of empty ones.
    public func withSettledLayouts() -> [Int: FloatHistogram] {
        guard contains(where: { $0.value.layoutKnowledge != .whole }) else { return self }
        return decidedByOthers().withUnitedBounds().withLayoutsOfEmptyOnes()
    }

    /// Takes undecided ones for what all others are.
    private func decidedByOthers() -> [Int: FloatHistogram] {
        guard contains(where: { $0.value.layoutKnowledge == .undecided }) else { return self }
        var areCustom: Bool?
        var schemas: Set<Int32> = []
        for histogram in values
        where histogram.layoutKnowledge == .whole || histogram.layoutKnowledge == .populated {
            if let areCustom, areCustom != histogram.usesCustomBuckets { return self }
            areCustom = histogram.usesCustomBuckets
            schemas.insert(histogram.schema)
        }
        guard let areCustom else { return self }
        return mapValues { histogram in
            guard histogram.layoutKnowledge == .undecided else { return histogram }
            if areCustom { return histogram.asCustom ?? histogram }
            return histogram.asExponential(amongSchemas: schemas) ?? histogram
        }
    }

    private func withUnitedBounds() -> [Int: FloatHistogram] {
        var bounds: Set<Double> = []
        for histogram in values { bounds.formUnion(histogram.customValues) }
        if bounds.isEmpty { return self }
        let united = bounds.sorted()
        let isWhole = values.contains { $0.usesCustomBuckets && $0.layoutKnowledge == .whole }
        var refined: [Int: FloatHistogram] = self
        for (step, histogram) in self where histogram.usesCustomBuckets {
            // The bounds changed in between.
            guard var one = histogram.refined(by: united) else { return self }
            if isWhole { one.layoutKnowledge = .whole }
            refined[step] = one
        }
        return refined
    }

    /// Empty ones get the layout of the populated one before them, else of the one behind.
    private func withLayoutsOfEmptyOnes() -> [Int: FloatHistogram] {
        guard contains(where: { $0.value.layoutKnowledge == .nothing }) else { return self }
        var filled = self
        let steps = keys.sorted()
        for order in [steps, steps.reversed()] {
            var last: FloatHistogram?
            for step in order {
                guard let histogram = filled[step] else { continue }
                if histogram.layoutKnowledge != .nothing {
                    last = histogram
                } else if let last {
                    filled[step] = histogram.adapted(to: last.layout)
                }
            }
        }
        return filled
    }
}

extension FloatHistogram {
    /// An undecided one taken for exponential; of several schemas that it could have the one
    /// that is given, nil where that is not one.
    public func asExponential(amongSchemas schemas: Set<Int32>) -> FloatHistogram? {
        var decided = self
        decided.layoutKnowledge = .whole
        // Only one that the zero bucket overlaps, seen or empty, could have several schemas.
        if asCustom != nil, !couldBeCoarser { return decided }
        guard schemas.count == 1, let schema = schemas.first, schema <= self.schema else {
            return nil
        }
        decided = decided.reduced(toSchema: schema)
        return decided.allBuckets == allBuckets ? decided : nil
    }

    /// Whether its buckets would be the same in print with the next coarser schema: its only one
    /// then begins where an empty zero bucket ends.
    private var couldBeCoarser: Bool {
        schema > -4 && reduced(toSchema: schema - 1).allBuckets == allBuckets
    }

    /// An undecided one taken for one with custom buckets, nil where it cannot be.
    public var asCustom: FloatHistogram? {
        layoutKnowledge == .undecided && zeroCount == 0 && negativeBuckets.isEmpty
            ? withCustomBounds : nil
    }
}
