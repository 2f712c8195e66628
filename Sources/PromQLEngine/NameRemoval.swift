internal import TimeSeries

/// The labels that say what a series measures; most operations drop them.
enum ReservedLabels {
    static let all = LabelNames(["__name__", "__type__", "__unit__"])
    static let name = LabelNames(["__name__"])
}

extension Evaluator {
    /// Drops the reserved labels of every series, or marks them to be dropped at the end. Series
    /// that become equal are merged.
    func droppingNames(_ series: [StepSeries]) throws(EvaluationError) -> [StepSeries] {
        var changed = series
        if options.delayedNameRemoval {
            for i in changed.indices { changed[i].dropsName = true }
            return changed
        }
        var changes = false
        for i in changed.indices {
            let labels = changed[i].labels.withoutReserved
            if labels.key.count != changed[i].labels.key.count {
                changed[i].labels = labels
                changes = true
            }
        }
        return changes ? try merged(changed) : changed
    }

    func merged(_ series: [StepSeries]) throws(EvaluationError) -> [StepSeries] {
        if series.count < 2 { return series }
        var merger = SeriesMerger(reserving: series.count)
        for one in series { try merger.add(one) }
        return merger.series
    }

    /// Drops the names that were marked to be dropped.
    func removingMarkedNames(_ series: [StepSeries]) throws(EvaluationError) -> [StepSeries] {
        guard series.contains(where: \.dropsName) else { return series }
        return try merged(
            series.map { one in
                guard one.dropsName else { return one }
                var bare = one
                bare.labels = one.labels.withoutReserved
                bare.dropsName = false
                return bare
            })
    }
}

extension LabelSet {
    var withoutReserved: LabelSet { removing(ReservedLabels.all) }
}
