import GatewayConfiguration
import PrometheusServer
import PrometheusWire
public import TimeSeries
import Upstream

/// A project as a request means it: whom to ask, and what to do when one of them is missing.
public struct ResolvedProject: Sendable {
    public var name: String
    /// One for a regular project, which is a member of itself: its series carry the partition label
    /// too. In the order of the configuration.
    public var members: [Member]
    public var isMultiCluster: Bool
    public var partialResponse: PartialResponse
    /// Whether the answer is whole or an error, whatever the project and the request say: Coroot's
    /// hubs pass over warnings, and keep what they got for ever.
    public var mustBeWhole = false
    public var exactness: Exactness
    /// `none` where the answer is the one member's own.
    public var partition: PartitionLabel
    /// Who asks.
    public var client: ClientIdentity

    /// - Parameter client: without it, the one of all requests to the project that bring no credential.
    public init(
        name: String, members: [Member], isMultiCluster: Bool, partialResponse: PartialResponse,
        exactness: Exactness, partition: PartitionLabel, client: ClientIdentity? = nil
    ) {
        self.client = client ?? .project(name)
        self.name = name
        self.members = members
        self.isMultiCluster = isMultiCluster
        self.partialResponse = partialResponse
        self.exactness = exactness
        self.partition = partition
    }

    /// What a missing member does to the answer to this request.
    ///
    /// - Throws: for a wish that is none.
    func policy(for request: PrometheusRequest) throws(APIError) -> PartialResponse {
        let wish = try PartialResponse.requested(by: request)
        return mustBeWhole ? .abort : wish ?? partialResponse
    }

    /// Members whose regular expressions are sent with anchors: a Coroot that keeps its metrics in
    /// ClickHouse finds them anywhere in a value. Anchors do no harm elsewhere.
    var anchored: Set<String> {
        Set(members.filter { $0.clients.contains(where: \.isCoroot) }.map(\.name))
    }
}

/// Tells the client which pool stood for a pooled project, how it was found, and which of its
/// clusters answered. Of several pooled members each value is given as `<project>=<value>`.
public enum PoolHeaders {
    public static func add(
        to response: inout PrometheusResponse, for project: ResolvedProject
    ) async {
        let calls = project.members.compactMap(\.pool)
        guard !calls.isEmpty else { return }
        var pools: [String] = []
        var levels: [String] = []
        var clusters: [String] = []
        for call in calls {
            let prefix = project.isMultiCluster ? "\(call.project)=" : ""
            pools.append(prefix + call.pool)
            levels.append(prefix + call.level)
            clusters += await call.answered.map { prefix + $0 }
        }
        response.headers["X-Tributary-Pool"] = pools.joined(separator: ", ")
        response.headers["X-Tributary-Pool-Level"] = levels.joined(separator: ", ")
        if !clusters.isEmpty {
            response.headers["X-Tributary-Cluster"] = clusters.joined(separator: ", ")
        }
    }
}
