/// What came of a campaign.
struct DifferentialTally: CustomStringConvertible {
    private(set) var equal = 0
    /// Among the equal ones, answers without any element.
    private(set) var empty = 0
    private(set) var refused = 0
    private(set) var excuses: [String: Int] = [:]
    private(set) var differences: [String] = []

    var excused: Int { excuses.values.reduce(0, +) }

    mutating func add(_ verdict: DifferentialJudge.Verdict) {
        switch verdict {
        case .equal(let isEmpty):
            equal += 1
            empty += isEmpty ? 1 : 0
        case .refused: refused += 1
        case .excused(let reason): excuses[reason, default: 0] += 1
        case .different(let difference): differences.append(difference)
        }
    }

    var description: String {
        "\(equal) equal (\(empty) empty), \(refused) refused, \(differences.count) different, "
            + "excused \(excuses)"
    }
}
