import Federation
import PromQL
import PrometheusAPI

/// A selector over the labels of targets, which have no names: what is left of it for a member may
/// be nothing at all.
struct TargetSelector: Sendable {
    private let matchers: [LabelMatcher]
    private let partition: PartitionLabel

    /// nil for an absent selector.
    ///
    /// - Throws: the parse error, as `bad_data`.
    init?(_ text: String, _ partition: PartitionLabel) throws(APIError) {
        if text.isEmpty { return nil }
        do throws(ParseError) {
            matchers = try parseSelector(text).matchers
        } catch {
            throw .badData(error.description)
        }
        self.partition = partition
    }

    /// In the member's own names; "" for all its targets, nil when none is selected.
    func text(forMember member: String) -> String? {
        var kept: [LabelMatcher] = []
        for matcher in matchers {
            if matcher.name.utf8.elementsEqual(partition.name.utf8) {
                guard SelectorRewriting.matcher(matcher, accepts: member) else { return nil }
            } else {
                kept.append(
                    LabelMatcher(partition.memberName(of: matcher.name), matcher.op, matcher.value))
            }
        }
        if kept.isEmpty { return "" }
        return Expression.vectorSelector(VectorSelector(matchers: kept)).description
    }
}
