public import TimeSeries

/// One place in a series as scripts write it.
public enum SequenceValue: Sendable, Equatable {
    /// `_`
    case omitted
    case float(Double)
    /// `hintIsGiven`: the script names a counter reset hint, so that it is compared too.
    case histogram(FloatHistogram, hintIsGiven: Bool)

    public static func == (lhs: SequenceValue, rhs: SequenceValue) -> Bool {
        switch (lhs, rhs) {
        case (.omitted, .omitted): true
        case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
        case (.histogram(let a, let aGiven), .histogram(let b, let bGiven)):
            a.hasSameFields(as: b) && a.counterResetHint == b.counterResetHint && aGiven == bGiven
        default: false
        }
    }
}

/// Labels and values of one line of a script.
public struct SeriesDescription: Sendable, Equatable {
    public var labels: LabelSet
    public var values: [SequenceValue]

    public init(labels: LabelSet, values: [SequenceValue]) {
        self.labels = labels
        self.values = values
    }
}
