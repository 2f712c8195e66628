import ArgumentParser
import Dispatch
import Foundation
import GoText
import HTTPTransport
import PrometheusWire
import Replay
import UpstreamSettings

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `tributary replay FILE`
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Sends recorded queries to a Prometheus API, and compares it with another.",
        discussion: """
            FILE is a query log of Prometheus, a HAR file of a browser, or a list of paths, one a \
            line. Ends with 0 when every request was answered and no answer differs, 1 when a \
            request failed, or an answer differs or could not be compared, 2 when the file cannot \
            be replayed.
            """)

    @Argument(help: "The recording.")
    var file: String
    @Option(help: "The server that is tried: http://HOST:PORT, or a project of a gateway.")
    var target = "http://127.0.0.1:9090"
    @Option(help: "A second server, which is asked the same: the reference for the answers.")
    var compare: String?
    @Option(help: "File with a token for the target, sent as Authorization: Bearer.")
    var tokenFile: String?
    @Option(help: "The same for the reference, which is not sent the target's token.")
    var compareTokenFile: String?
    @Option(help: "How FILE is written: query-log, har or urls; found out by default.")
    var format: RecordingFormat?
    @OptionGroup var pacing: PaceOptions
    @OptionGroup var selecting: SelectionOptions
    @Option(help: "Time for one request, such as 30s.")
    var timeout: DurationOption = .init(length: 120_000)
    @Option(help: "Differences that are shown.")
    var differences = 10
    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if compare == nil, compareTokenFile != nil {
            throw ValidationError("--compare-token-file needs --compare.")
        }
        if timeout.length <= .zero { throw ValidationError("--timeout is above 0.") }
        if differences < 0 { throw ValidationError("--differences is 0 or more.") }
    }

    func run() async throws {
        let targets = try self.targets()
        let recording = RecordingFile(path: file, format: format)
        let format: RecordingFormat
        do throws(RecordingError) {
            format = try recording.check(pacing.pace, selecting.selection)
        } catch {
            Console.say("\(file): \(error)")
            throw Outcome.invalid
        }
        let outcome: ReplayOutcome
        do throws(TransferError) {
            let run = ReplayRun(
                recording: recording, format: format, pace: pacing.pace,
                selection: selecting.selection, targets: targets,
                comparison: compare == nil ? nil : ComparisonFigures(showing: differences),
                timeout: timeout.length.duration, mostAtOnce: pacing.maxInFlight,
                longest: selecting.duration?.length.duration)
            outcome = try await Interruption.allowed { () throws(TransferError) in
                try await run.report()
            }
        } catch {
            Console.say("\(error)")
            throw Outcome.failure
        }
        let report = outcome.report
        Console.answer(json ? String(decoding: report.json.bytes, as: UTF8.self) : report.text)
        if let problem = outcome.problem {
            Console.say("\(file): \(problem)")
            throw Outcome.invalid
        }
        if !report.isGood { throw Outcome.failure }
    }

    private func targets() throws -> [ReplayTarget] {
        let named = [(target, tokenFile)] + (compare.map { [($0, compareTokenFile)] } ?? [])
        return try named.map { url, tokenFile in
            let server: ServerURL
            do throws(ServerURL.Problem) {
                server = try ServerURL(url)
            } catch {
                throw ValidationError("\(url) \(error.text).")
            }
            guard let tokenFile else { return ReplayTarget(server: server, token: nil) }
            switch Secret.read(file: tokenFile) {
            case .success(let token): return ReplayTarget(server: server, token: token)
            case .failure(let problem):
                Console.say("\(tokenFile): \(problem)")
                throw Outcome.invalid
            }
        }
    }
}

/// How fast requests are sent.
struct PaceOptions: ParsableArguments {
    @Option(help: "Send so many requests a second, whether those before are answered or not.")
    var rate: Double?
    @Option(help: "Send them at the times of the recording, so many times as fast.")
    var speed: Double?
    @Option(help: "So many clients, each of which waits for its answer; 1 by default.")
    var clients: Int?
    @Option(help: "Requests that may be under way; further ones wait, which their latency tells.")
    var maxInFlight = 256

    func validate() throws {
        guard [rate != nil, speed != nil, clients != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("Give one of --rate, --speed and --clients.")
        }
        for (name, value) in [("--rate", rate), ("--speed", speed)] {
            guard let value else { continue }
            guard value >= 1e-6, value <= 1e6 else {
                throw ValidationError("\(name) is between 0.000001 and 1000000.")
            }
        }
        guard (1...10_000).contains(clients ?? 1), (1...10_000).contains(maxInFlight) else {
            throw ValidationError("--clients and --max-in-flight are between 1 and 10000.")
        }
    }

    var pace: Pace {
        if let rate { return .rate(rate) }
        if let speed { return .speed(speed) }
        return .clients(clients ?? 1)
    }
}

/// Which requests are sent, and at which times they ask.
struct SelectionOptions: ParsableArguments {
    @Option(help: "Move the times that queries ask for, such as 1h, or --shift=-1d.")
    var shift: DurationOption?
    @Flag(help: "Move them as far as the request is sent later than it was recorded.")
    var shiftToNow = false
    @Option(help: "Requests in all.")
    var limit: Int?
    @Option(help: "Begin no more requests after this time, such as 10m.")
    var duration: DurationOption?
    @Option(help: "Times that the recording is played; 0: until --duration, --limit or Ctrl-C.")
    var `repeat` = 1

    func validate() throws {
        if shift != nil, shiftToNow {
            throw ValidationError("Give one of --shift and --shift-to-now.")
        }
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") }
        if `repeat` < 0 { throw ValidationError("--repeat is 0 or more.") }
        if let duration, duration.length <= .zero {
            throw ValidationError("--duration is above 0.")
        }
    }

    var selection: Selection {
        Selection(
            shift: shiftToNow ? .toNow : .by(shift?.length ?? .zero),
            passes: `repeat` == 0 ? nil : `repeat`, limit: limit)
    }
}

extension RecordingFormat: ExpressibleByArgument {}

/// A length of time as Prometheus writes them, with a sign where it goes back.
struct DurationOption: ExpressibleByArgument, Sendable {
    var length: Milliseconds

    init(length: Milliseconds) { self.length = length }

    init?(argument: String) {
        let isBack = argument.hasPrefix("-")
        guard let length = try? DurationText.length(String(argument.dropFirst(isBack ? 1 : 0)))
        else { return nil }
        self.length = isBack ? -length : length
    }

    var defaultValueDescription: String { DurationText.text(length) }
}

/// A file that is read anew each time it is played.
struct RecordingFile: Sendable {
    var path: String
    /// Nil to find it out.
    var format: RecordingFormat?

    func reader() throws(RecordingError) -> RecordingReader {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw RecordingError("cannot be opened")
        }
        return try RecordingReader(format: format) { () throws(RecordingError) in
            do {
                return try file.read(upToCount: 1 << 16).map { Array($0) }
            } catch {
                throw RecordingError("cannot be read")
            }
        }
    }

    /// Reads what will be played, so that a fault in it is told before anything is sent.
    func check(
        _ pace: Pace, _ selection: Selection
    ) throws(RecordingError) -> RecordingFormat {
        var reader = try reader()
        var count = 0
        while selection.limit.map({ count < $0 }) ?? true, let request = try reader.next() {
            count += 1
            if case .speed = pace, request.time == nil {
                throw RecordingError(
                    "says no times, which --speed needs: use --rate or --clients")
            }
        }
        guard count > 0 else {
            let reasons = reader.leftOut.map { "; left out \($0.value): \($0.key.rawValue)" }
            throw RecordingError("has no requests to replay\(reasons.joined())")
        }
        return reader.format
    }
}

/// Ends work early when the user asks for it.
enum Interruption {
    /// Cancels the work at the first SIGINT or SIGTERM. A second one ends the process.
    static func allowed<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let task = Task { () async -> Result<Value, Failure> in
            do throws(Failure) { return .success(try await work()) } catch {
                return .failure(error)
            }
        }
        let queue = DispatchQueue(label: "interruption")
        let sources = [SIGINT, SIGTERM].map { number in
            // Or its usual effect ends the process before the source is told.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if task.isCancelled { _exit(130) }
                task.cancel()
            }
            source.resume()
            return source
        }
        let result = await task.value
        for source in sources { source.cancel() }
        return try result.get()
    }
}
