import GoText
import HTTPTransport
public import PrometheusWire
import UpstreamSettings

extension UpstreamClient {
    /// Bytes of the names and values that are passed on with one request.
    static let mostForwardedBytes = 8 << 10

    /// The client that passes header fields of a request on to the member: those that the member is
    /// configured to get. Requests with the same values have the same client. Requests with other
    /// values have other ones, which share nothing that the member told them: no answers, no version,
    /// no labels, no failures and no connections.
    ///
    /// - Parameter values: The values of a field of the request, in their order; none where it is not
    ///   there.
    /// - Returns: this client where there is nothing to pass on.
    /// - Throws: 400 for fields that are too long.
    public func forwarding(
        _ values: (_ name: String) -> [String]
    ) throws(APIError) -> UpstreamClient {
        guard case .prometheus(let source) = configuration.source else { return self }
        var fields: [NamedSecret] = []
        var bytes = 0
        for name in source.forwardHeaders {
            for value in values(name) {
                bytes += name.utf8.count + value.utf8.count
                guard bytes <= Self.mostForwardedBytes else {
                    throw .badData(
                        "header \(name): more than \(Self.mostForwardedBytes) bytes of header fields "
                            + "would be passed on to project \(GoQuoting.quote(configuration.name))"
                    )
                }
                fields.append(NamedSecret(name: name, value: Secret(value)))
            }
        }
        if fields.isEmpty { return self }
        return forwardingClients.withLock { clients in
            clients.client(for: fields) { UpstreamClient(self, forwarding: fields) }
        }
    }
}

/// The clients of one member that pass on header fields, by what they pass on. Of those that were not
/// used for the longest time, the ones beyond a number are dropped; requests under way keep theirs.
struct ForwardingClients {
    /// Each may hold as many bytes as are passed on with one request.
    static let most = 1024

    private struct Entry {
        var client: UpstreamClient
        var lastUse: UInt64
    }

    private var entries: [[NamedSecret]: Entry] = [:]
    private var uses: UInt64 = 0

    mutating func client(
        for fields: [NamedSecret], make: () -> UpstreamClient
    ) -> UpstreamClient {
        uses += 1
        if let known = entries[fields]?.client {
            entries[fields]?.lastUse = uses
            return known
        }
        if entries.count >= Self.most,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            entries[oldest.key] = nil
        }
        let client = make()
        entries[fields] = Entry(client: client, lastUse: uses)
        return client
    }
}
