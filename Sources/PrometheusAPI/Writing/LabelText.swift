import TimeSeries

/// Label sets as PromQL writes them, for error messages: `{a="1", b="2"}`.
enum LabelText {
    static func of(_ labels: LabelSet) -> String {
        let pairs = labels.pairs.map { "\($0.name)=\(QuotedText.of($0.value))" }
        return "{\(pairs.joined(separator: ", "))}"
    }
}
