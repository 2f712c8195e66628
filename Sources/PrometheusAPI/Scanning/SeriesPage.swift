/// Some series of an answer, as they go to the client: one run of bytes, and where in it each
/// series stands.
public struct SeriesPage: Sendable {
    public struct Extent: Sendable {
        /// The series' ordered key (`LabelSet.key`), in `keys`.
        public var key: Range<Int>
        /// The whole JSON object of the series, in `bytes`.
        public var element: Range<Int>
        /// From the first byte after the `metric` object's comma to the closing brace, in `bytes`.
        public var samples: Range<Int>
        public var hasHistograms: Bool
    }
    /// Elements in the order of arrival, each followed by a comma.
    public var bytes: [UInt8] = []
    public var keys: [UInt8] = []
    public var series: [Extent] = []

    public init() {}
}
