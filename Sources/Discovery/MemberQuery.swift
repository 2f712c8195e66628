import Dispatch
import GatewayConfiguration
import GoText
import HTTPTransport
import UpstreamSettings

/// One source of members or servers, asked again and again.
struct MemberQuery: Sendable {
    /// Why an answer cannot be used; nothing in it is a secret.
    struct Refused: Error, Equatable {
        var reason: String
    }

    typealias Answer = Result<Findings.Found, Refused>

    /// The most that one answer of a server may take.
    static let patience: Duration = .seconds(10)

    let source: DiscoverySource
    let partitionLabel: String
    let transport: CurlMulti

    /// One after the other, until the task that reads them is cancelled.
    var answers: AsyncStream<Answer> {
        AsyncStream { continuation in
            let task = Task {
                switch source {
                case .server(let server): await ask(server, continuation)
                case .files(let patterns): await watch(patterns, continuation)
                case .names(let names): await ask(names, continuation)
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    // MARK: Servers

    private func ask(
        _ server: MemberDiscovery.Server, _ answers: AsyncStream<Answer>.Continuation
    ) async {
        while !Task.isCancelled {
            answers.yield(await answer(of: server))
            try? await Task.sleep(for: server.interval)
        }
    }

    private func answer(of server: MemberDiscovery.Server) async -> Answer {
        do throws(Refused) {
            let body = try await body(of: server)
            do throws(ConfigurationErrors) {
                return .success(
                    .projects(
                        try FoundProjects.read(
                            json: body, source: server.url.description,
                            partitionLabel: partitionLabel)))
            } catch {
                throw Refused(reason: error.firstError)
            }
        } catch {
            return .failure(error)
        }
    }

    private func body(of server: MemberDiscovery.Server) async throws(Refused) -> [UInt8] {
        var request = TransferRequest(
            url: server.url.description + server.query, connectTimeout: .seconds(5),
            timeout: Self.patience, maximumBytes: DocumentLimits.bytes)
        let seconds = server.interval.components.seconds
        request.headers = HeaderFields([
            .init(name: "Accept", value: "application/json"),
            .init(name: "X-Prometheus-Refresh-Interval-Seconds", value: "\(seconds)"),
        ])
        let response: TransferResponse
        do throws(TransferError) {
            response = try await transport.execute(request)
        } catch {
            throw Refused(reason: error.text)
        }
        guard response.status == 200 else {
            throw Refused(reason: "it answers with status \(response.status), not 200")
        }
        let type = response.headers["Content-Type"] ?? ""
        guard type.lowercased().hasPrefix("application/json") else {
            throw Refused(reason: "its answer is no application/json")
        }
        var bytes: [UInt8] = []
        var chunks = response.body.makeAsyncIterator()
        do throws(TransferError) {
            while let chunk = try await chunks.next() { bytes += chunk }
        } catch {
            throw Refused(reason: error.text)
        }
        return bytes
    }

    // MARK: Names

    private func ask(
        _ names: NameDiscovery, _ answers: AsyncStream<Answer>.Continuation
    ) async {
        while !Task.isCancelled {
            answers.yield(await NameQuery(names).answer())
            try? await Task.sleep(for: names.interval)
        }
    }

    // MARK: Files

    /// Answers when two looks in a row find the same, and it is not what was found before.
    private func watch(
        _ patterns: [FilePattern], _ answers: AsyncStream<Answer>.Continuation
    ) async {
        let directories = Set(patterns.map(\.directory)).sorted()
        var told: FileLook?
        for await _ in DirectoryWatch(directories).changes {
            var last = await Self.look(at: patterns)
            while last != told, !Task.isCancelled {
                try? await Task.sleep(for: DirectoryWatch.settling)
                let next = await Self.look(at: patterns)
                if next == last { told = next } else { last = next }
                guard next == told, let next else { continue }
                answers.yield(answer(of: next))
            }
        }
    }

    private func answer(of look: FileLook) -> Answer {
        do throws(ConfigurationErrors) {
            return .success(.projects(try FoundProjects.read(look, partitionLabel: partitionLabel)))
        } catch {
            return .failure(Refused(reason: error.firstError))
        }
    }

    /// nil when the task is cancelled meanwhile, as a file system may take any time.
    private static func look(at patterns: [FilePattern]) async -> FileLook? {
        let look = Task {
            await withCheckedContinuation { continuation in
                DispatchQueue.global(qos: .utility).async {
                    continuation.resume(returning: FileLook(patterns))
                }
            }
        }
        return await look.value(within: nil)
    }
}

extension ConfigurationErrors {
    /// The first error with its place, and how many others there are.
    fileprivate var firstError: String {
        let first = ConfigurationErrors(path: path, errors: Array(errors.prefix(1))).description
        let others = errors.count - 1
        return others > 0 ? "\(first); and \(others) more" : first
    }
}
