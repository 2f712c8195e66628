import CResolv
import Foundation
import GatewayConfiguration
import GoText

/// The servers that names of DNS stand for at one moment.
struct NameQuery: Sendable {
    /// The most that one answer may take, of all names together.
    static let patience: Duration = .seconds(10)
    /// How many servers one source may tell.
    static let most = 1000
    /// The largest message of DNS.
    private static let longest = 65_535

    private let names: NameDiscovery

    init(_ names: NameDiscovery) { self.names = names }

    /// The servers of all names, each once, by name. A name without a record is a failure, because
    /// a pool without servers cannot answer.
    func answer() async -> MemberQuery.Answer {
        let task = Task {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<MemberQuery.Answer, Never>) in
                // The resolver blocks.
                Thread.detachNewThread { continuation.resume(returning: blockingAnswer()) }
            }
        }
        return await task.value(within: Self.patience)
            ?? .failure(
                .init(reason: "no answer came within \(Self.patience.components.seconds) s"))
    }

    private func blockingAnswer() -> MemberQuery.Answer {
        var clusters: [String: Cluster] = [:]
        for name in names.names {
            let records: [NameAnswer.Record]
            do throws(MemberQuery.Refused) {
                records = try self.records(of: name)
            } catch {
                return .failure(.init(reason: "\(name): \(error.reason)"))
            }
            for record in records {
                guard let port = record.port ?? names.port,
                    let cluster = names.cluster(host: record.host, port: port, of: name)
                else {
                    return .failure(
                        .init(reason: "\(name): \(record.host) is no host that can be asked"))
                }
                clusters[cluster.name] = cluster
            }
        }
        guard clusters.count <= Self.most else {
            return .failure(
                .init(reason: "\(clusters.count) servers are told; \(Self.most) are allowed"))
        }
        return .success(.clusters(clusters.values.sorted { $0.name < $1.name }))
    }

    private func records(
        of name: String
    ) throws(MemberQuery.Refused) -> [NameAnswer.Record] {
        let type: NameAnswer.RecordType =
            switch names.type {
            case .a: .a
            case .aaaa: .aaaa
            case .srv: .srv
            }
        var message = [UInt8](repeating: 0, count: Self.longest)
        let length = message.withUnsafeMutableBufferPointer { buffer in
            let size = Int32(buffer.count)
            guard var server = resolver else {
                return resolv_search(name, Int32(type.rawValue), nil, buffer.baseAddress, size)
            }
            return resolv_search(name, Int32(type.rawValue), &server, buffer.baseAddress, size)
        }
        guard length > 0 else {
            switch -1 - length {
            case HOST_NOT_FOUND: throw .init(reason: "there is no such name")
            case NO_DATA: throw .init(reason: "it has no \(names.type.rawValue) records")
            default: throw .init(reason: "the name server gives no answer")
            }
        }
        let records: [NameAnswer.Record]
        do throws(NameAnswer.Malformed) {
            records = try NameAnswer(Array(message.prefix(Int(length))), type: type).records
        } catch {
            throw .init(reason: "the answer is no message of DNS")
        }
        // A target of nothing says that there is no server.
        let usable = records.filter { !$0.host.isEmpty }
        guard !usable.isEmpty else {
            throw .init(reason: "it has no \(names.type.rawValue) records")
        }
        return usable
    }

    private var resolver: sockaddr_in? {
        guard let address = names.resolver else { return nil }
        var server = sockaddr_in()
        server.sin_family = sa_family_t(AF_INET)
        server.sin_port = in_port_t(address.port).bigEndian
        return inet_pton(AF_INET, address.host, &server.sin_addr) == 1 ? server : nil
    }
}
