/// One question about labels or series, as it is put to one member.
struct MetadataQuestion: Sendable, Equatable {
    /// Selectors in the member's own names; none for everything.
    var selectors: [String] = []
    /// Milliseconds since the epoch; nil for as far as there is data.
    var start: Int64?
    var end: Int64?
    /// The most elements worth sending; nil for all.
    var limit: Int?
    /// When the answer is of no more use.
    var deadline: ContinuousClock.Instant?
}
