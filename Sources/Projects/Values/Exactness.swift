/// How far aggregations over members may be split.
public enum Exactness: String, Sendable, Hashable, CaseIterable {
    /// In two steps; the last bits of sums may differ from one server's.
    case twoStep
    /// Whatever a split could change in the last bit is fetched and aggregated at the gateway.
    case strict
}
