import PromQL
import PromQLEngine
import RegularExpressions
import TimeSeries

/// A label matcher prepared for testing many series. Not shared between tasks: it remembers what
/// its expression said about each value.
struct CompiledMatcher {
    let name: [UInt8]
    let matchesEmpty: Bool
    /// The value that an equality matcher asks for, when it is not empty.
    let requiredValue: [UInt8]?

    private enum Test {
        case equal([UInt8])
        case expression(RegularExpression)
    }
    private let test: Test
    private let isNegative: Bool
    private var remembered: [ArraySlice<UInt8>: Bool] = [:]

    /// Throws when the matcher's regular expression is invalid.
    init(_ matcher: LabelMatcher) throws {
        name = LabelBytes.escaped(matcher.name)
        switch matcher.op {
        case .equal, .notEqual:
            let value = LabelBytes.escaped(matcher.value)
            test = .equal(value)
            isNegative = matcher.op == .notEqual
            matchesEmpty = value.isEmpty != isNegative
            requiredValue = !isNegative && !value.isEmpty ? value : nil
        case .regexMatch, .regexNoMatch:
            let expression = try RegularExpression(matcher.value)
            test = .expression(expression)
            isNegative = matcher.op == .regexNoMatch
            matchesEmpty = expression.matches("") != isNegative
            requiredValue = nil
        }
    }

    mutating func matches(_ labels: LabelSet) -> Bool {
        for pair in labels.ranges where labels.key[pair.name].elementsEqual(name) {
            return matches(labels.key[pair.value])
        }
        return matchesEmpty
    }

    private mutating func matches(_ value: ArraySlice<UInt8>) -> Bool {
        switch test {
        case .equal(let wanted):
            return value.elementsEqual(wanted) != isNegative
        case .expression(let expression):
            if let known = remembered[value] { return known }
            let matched = expression.matches(LabelBytes.text(value)) != isNegative
            remembered[value] = matched
            return matched
        }
    }
}
