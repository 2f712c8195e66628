import Foundation
import GoText
import RealServers
import TestSupport
import Testing

extension EndToEnd {
    /// Requests of every route that went wrong on their way, to a real gateway over real members.
    @Suite(.serialized)
    struct MutatedRequestTests {
        @Test("A mutated request is answered by the contract, and leaves nothing behind")
        func campaign() async throws {
            let scene = try Scene.required()
            try await offPool {
                let target = try MutationTarget(scene)
                defer { target.process.stop() }
                let count = FaultCampaign.isLong ? 80_000 : 2_000
                // The first ones fill pools and caches.
                _ = try target.bombard(count / 10, seed: Scene.seed &+ 1_000_000)
                try target.settle()
                let before = ProcessFigures(target.process.processID)
                let began = ContinuousClock.now
                let tally = try target.bombard(count, seed: Scene.seed)
                let seconds = Int(began.duration(to: .now) / .seconds(1))
                try target.settle()
                let after = ProcessFigures(target.process.processID)
                let statuses = tally.statuses.sorted { $0.key < $1.key }
                    .map { "\($0.key): \($0.value)" }.joined(separator: ", ")
                print(
                    "faults: \(tally.requests) mutated requests of \(MutableRequest.routeCount) routes",
                    "in \(seconds) s, seed \(Scene.seed): \(tally.problems.count) wrong,",
                    "\(tally.between) right ones between; answers \(statuses); the slowest in",
                    "\((tally.slowest.seconds * 10).rounded() / 10) s (\(tally.slowest.request));",
                    "before \(before), after \(after)")
                #expect(target.process.isRunning)
                #expect(
                    tally.problems.isEmpty,
                    "\(tally.problems.count): \(tally.problems.prefix(20).joined(separator: "\n"))")
                #expect(tally.requests == count)
                #expect(tally.between > count / 40)
                // Every part of the contract was met.
                #expect([200, 400, 401, 403, 404, 405].allSatisfy { tally.statuses[$0] != nil })
                let log = Array(target.process.log.utf8)
                #expect(target.judge.secret(in: log) == nil)
                // As many connections to the members are kept as were used at once.
                #expect(after.descriptors <= before.descriptors + 16 + 60)
                #expect(after.threads <= before.threads + 8)
                #expect(after.residentBytes < before.residentBytes + 64 << 20)
            }
        }
    }
}

/// A gateway that knows secrets, and what it must always answer.
private final class MutationTarget: Sendable {
    struct Tally: Sendable {
        var requests = 0
        /// Right requests, asked again and again.
        var between = 0
        var statuses: [Int: Int] = [:]
        var problems: [String] = []
        /// The seconds until an answer had come, and what had been asked.
        var slowest = (seconds: 0.0, request: "")

        mutating func note(_ seconds: Double, _ request: String) {
            if seconds > slowest.seconds { slowest = (seconds, request) }
        }
    }

    let process: ChildProcess
    let address: HTTPAddress
    let judge: AnswerJudge
    private let questions: [(path: String, parameters: [(String, String)])]
    private let expected: [[UInt8]]

    private static let root = "secret-of-root"
    private static let reader = "secret-of-reader"
    /// Seconds that a query has.
    private static let timeout = 10
    /// Seconds that a half-closed connection is served for.
    private static let halfClosed = 2.0
    private static let rights = [("Authorization", "Bearer \(root)")]

    init(_ scene: Scene) throws {
        address = HTTPAddress(port: try LoopbackPort.free())
        let url = scene.members.map(\.address.url)
        let path = "\(scene.directory)/mutated.yaml"
        try """
        listen_address: 127.0.0.1:\(address.port)
        data_dir: \(scene.directory)/mutated
        defaultProject: all
        auth:
          tokens:
            - {name: root, token: \(Self.root), admin: true}
            - {name: reader, token: \(Self.reader), projects: [all]}
        limits: {headTimeout: 1s, idleTimeout: 2s}
        query: {timeout: \(Self.timeout)s}
        projects:
          - name: a
            prometheus: {url: "\(url[0])", basicAuth: {username: u, password: secret-of-basic}}
            apiKeys: [{key: secret-of-a-project}]
          - {name: b-eu, prometheus: {url: "\(url[1])", bearerToken: secret-of-bearer}}
          - {name: c_us, prometheus: {url: "\(url[2])", headers: {X-Key: secret-of-a-header}}}
          - {name: all, memberProjects: [a, b-eu, c_us]}
          - {name: pooled, clusterPool: attributes}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        judge = AnswerJudge(secrets: [
            Self.root, Self.reader, "secret-of-basic", "secret-of-a-project", "secret-of-bearer",
            "secret-of-a-header", Data("u:secret-of-basic".utf8).base64EncodedString(),
        ])
        process = try ChildProcess(
            name: "mutated", command: [try Repository.gateway(), "serve", "--config", path],
            logPath: "\(scene.directory)/mutated.log")
        try process.waitUntilReady(address)

        let time = QueryCase.seconds(FederationData.start + 900_000)
        let range = [
            ("start", time), ("end", QueryCase.seconds(FederationData.start + 1_500_000)),
            ("step", "60"),
        ]
        let questions = [
            ("/api/v1/query", [("query", "sum(requests_total)"), ("time", time)]),
            ("/api/v1/query_range", [("query", "max by (job, project) (temperature)")] + range),
            ("/api/v1/series", [("match[]", "up"), ("start", time), ("end", time)]),
        ]
        let address = address
        expected = try questions.map { path, parameters in
            let answer = try address.get(path, parameters, headers: Self.rights)
            let right = try scene.oracle.address.get(path, parameters)
            let (ours, theirs) = (try answer.json()["data"], try right.json()["data"])
            guard answer.status == 200, ours != nil, ours == theirs else {
                throw TestFailure(
                    "\(path): \(answer.text.prefix(300)), not \(right.text.prefix(300))")
            }
            return answer.body
        }
        self.questions = questions
    }

    // MARK: The crowd

    private static let clients = 4

    /// Sends so many requests, from several clients at once.
    func bombard(_ count: Int, seed: UInt64) throws -> Tally {
        let group = DispatchGroup()
        let all = Shared()
        for number in 0..<Self.clients {
            group.enter()
            Thread.detachNewThread { [self] in
                let share = count / Self.clients + (number < count % Self.clients ? 1 : 0)
                all.add(client(share, seed: seed &+ UInt64(number) &* 7919))
                group.leave()
            }
        }
        group.wait()
        return all.tally
    }

    private func client(_ count: Int, seed: UInt64) -> Tally {
        var random = SeededRandom(seed: seed)
        var tally = Tally()
        for number in 0..<count where process.isRunning {
            tally.requests += 1
            var sent: [UInt8] = []
            do {
                let request = MutableRequest.valid(
                    route: (number + Int(seed % 97)) % MutableRequest.routeCount,
                    port: address.port, tokens: [Self.root, Self.root, Self.reader], &random)
                sent = try request.mutated(&random)
                try exchange(sent, &tally)
                if number % 25 == 24 { try askBetween(number / 25, &tally) }
                if number % 500 == 499 { try sweep() }
            } catch {
                tally.problems.append(Self.shown("\(error)", number, seed, sent))
            }
        }
        return tally
    }

    private static func shown(
        _ problem: String, _ number: Int, _ seed: UInt64, _ request: [UInt8]
    ) -> String {
        let text = request.prefix(600).map { byte in
            (0x20..<0x7f).contains(byte)
                ? String(UnicodeScalar(byte))
                : byte == 0x0D
                    ? "\\r"
                    : byte == 0x0A
                        ? "\\n"
                        : "\\x"
                            + String(byte, radix: 16)
        }.joined()
        return "seed \(seed), request \(number) of \(request.count) bytes: \(problem): \(text)"
    }

    /// Sends bytes and judges what comes back.
    private func exchange(_ request: [UInt8], _ tally: inout Tally) throws {
        if request.isEmpty { return }
        let began = ContinuousClock.now
        defer {
            tally.note(
                began.duration(to: .now) / .seconds(1),
                String(decoding: request.prefix { $0 != 0x0D }.prefix(200), as: UTF8.self))
        }
        var received = try send(request, endsAfter: 150)
        // What takes longer than a half-closed connection is served for is asked without an end: on a
        // busy machine its time is over in the middle of a long answer too.
        let isCut = !received.stream.isWhole && received.seconds >= Self.halfClosed
        if received.bytes.isEmpty || isCut {
            received = try send(request, endsAfter: 40_000)
        }
        let stream = received.stream
        guard let first = stream.answers.first else {
            throw TestFailure("no answer; \(received.bytes.count) bytes")
        }
        for answer in stream.answers { tally.statuses[answer.status, default: 0] += 1 }
        if let secret = judge.secret(in: received.bytes) { throw TestFailure("says \(secret)") }
        // A time that is over ends an answer that has begun in no other way.
        let isOver = first.status == 200 && received.seconds >= Double(Self.timeout)
        guard stream.isWhole || isOver, stream.rest.isEmpty else {
            throw TestFailure("an answer \(first.status) that broke off: \(stream.rest)")
        }
        for answer in stream.answers {
            if !stream.isWhole { break }
            if let problem = judge.problem(of: answer, to: request) {
                throw TestFailure("\(problem): \(answer.status) \(answer.text.prefix(300))")
            }
        }
    }

    /// - Parameter patience: Milliseconds after which no more is sent.
    private func send(
        _ request: [UInt8], endsAfter patience: Int
    ) throws -> (bytes: [UInt8], stream: AnswerStream, seconds: Double) {
        let began = ContinuousClock.now
        let isHead = request.starts(with: "HEAD ".utf8)
        let socket = try Socket(connectingTo: address.port, timeout: 40)
        // It may have been refused already.
        try? socket.write(request)
        var bytes: [UInt8] = []
        var looked = 0
        var hasEnded = false
        var stream = AnswerStream([], isHead: isHead, hasEnded: false)
        while true {
            guard socket.hasInput(within: hasEnded ? 40_000 : patience) else {
                if hasEnded { throw TestFailure("it hangs") }
                socket.endWriting()
                hasEnded = true
                continue
            }
            let piece = (try? socket.read()) ?? []
            bytes += piece
            // A long answer is not looked through with each of its pieces.
            guard piece.isEmpty || bytes.count > 2 * looked else { continue }
            looked = bytes.count
            stream = AnswerStream(bytes, isHead: isHead, hasEnded: piece.isEmpty)
            if piece.isEmpty || stream.isEndless {
                return (bytes, stream, began.duration(to: .now) / .seconds(1))
            }
            if stream.isWhole && !hasEnded {
                socket.endWriting()
                hasEnded = true
            }
        }
    }

    private func askBetween(_ number: Int, _ tally: inout Tally) throws {
        let (path, parameters) = questions[number % questions.count]
        let answer = try address.get(path, parameters, headers: Self.rights)
        guard answer.status == 200, answer.body == expected[number % questions.count] else {
            throw TestFailure("a right request got \(answer.status) \(answer.text.prefix(300))")
        }
        tally.between += 1
    }

    // MARK: What was made

    /// Takes away what requests have made.
    private func sweep() throws {
        for record in try made("cluster-pool-attributes") {
            let names = ["project", "domain", "workflow"].compactMap { name in
                record[name]?.text.map { (name, $0) }
            }
            try delete("cluster-pool-attributes?\(HTTPAddress.form(names))")
        }
        for list in ["tokens", "projects", "projects", "cluster-pools"] {
            for record in try made(list) where record["readOnly"] != .bool(true) {
                guard let name = record["name"]?.text else { continue }
                let segment = name.utf8.map { "%" + String(format: "%02x", $0) }.joined()
                try delete("\(list)/\(segment)")
            }
        }
    }

    private func made(_ list: String) throws -> [JSONValue] {
        let answer = try address.get("/api/\(list)", headers: Self.rights)
        guard let items = try answer.json()["data"]?.items else {
            throw TestFailure("/api/\(list): \(answer.status) \(answer.text.prefix(300))")
        }
        return items
    }

    private func delete(_ path: String) throws {
        _ = try address.stream("DELETE", "/api/\(path)", headers: Self.rights) { _ in }
    }

    /// Waits until connections that ask nothing are closed.
    func settle() throws {
        try sweep()
        sleep(4)
    }

    private final class Shared: @unchecked Sendable {
        // Guarded by `lock`.
        private let lock = NSLock()
        private(set) var tally = Tally()

        func add(_ other: Tally) {
            lock.lock()
            defer { lock.unlock() }
            tally.requests += other.requests
            tally.between += other.between
            tally.statuses.merge(other.statuses, uniquingKeysWith: +)
            tally.problems += other.problems
            tally.note(other.slowest.seconds, other.slowest.request)
        }
    }
}
