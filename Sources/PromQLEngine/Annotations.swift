/// Warnings and infos of an evaluation: texts as Prometheus words them, position included, each
/// text (position left out) once.
public struct Annotations: Sendable, Equatable {
    /// Starting `PromQL warning: `, or a storage's own words.
    public private(set) var warnings: Set<String> = []
    /// Starting `PromQL info: `.
    public private(set) var infos: Set<String> = []

    public init() {}
}
