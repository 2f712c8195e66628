import Answers
public import GoText
import PrometheusWire

/// One request to a Prometheus API as it was recorded.
public struct RecordedRequest: Sendable, Equatable {
    public enum Method: String, Sendable { case get = "GET", post = "POST" }

    public struct Parameter: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What is asked for, as far as times and answers depend on it.
    enum Kind {
        case instant
        case range
        /// Names and values of labels, series, metadata and exemplars.
        case list
        /// The state of the server, which is another at each moment.
        case state
    }

    public var method: Method
    /// Percent-encoded, from `/api/v1/` on.
    public var path: String
    public var parameters: [Parameter]
    /// When it was asked; nil where that was not recorded.
    public var time: Timestamp?

    public init(
        method: Method, path: String, parameters: [Parameter], time: Timestamp? = nil
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.time = time
    }

    static let prefix = "/api/v1/"

    /// The part of a path that belongs to the Prometheus API, behind the prefix of a route or a
    /// proxy; nil where there is none, or what it names changes the server.
    static func apiPath(in path: some StringProtocol) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let last = parts.indices.dropLast().last {
            parts[$0] == "api" && parts[$0 + 1] == "v1"
        }
        guard let last else { return nil }
        let rest = parts[(last + 2)...].joined(separator: "/")
        return kind(of: rest).map { _ in prefix + rest }
    }

    /// Nil for what is not replayed.
    private static func kind(of endpoint: String) -> Kind? {
        switch endpoint {
        case "query": return .instant
        case "query_range": return .range
        case "labels", "series", "metadata", "query_exemplars": return .list
        case "alertmanagers", "alerts", "format_query", "parse_query", "rules", "targets",
            "targets/metadata":
            return .state
        default:
            if endpoint.hasPrefix("label/"), endpoint.hasSuffix("/values") { return .list }
            return endpoint.hasPrefix("status/") ? .state : nil
        }
    }

    var kind: Kind { Self.kind(of: String(path.dropFirst(Self.prefix.count))) ?? .state }

    public subscript(name: String) -> String? {
        parameters.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// Names and values, percent-encoded.
    public var form: [UInt8] { FormText.bytes(of: parameters.map { ($0.name, $0.value) }) }

    /// Path and parameters on one line, as a list of URLs has them.
    public var line: String {
        let query = String(decoding: form, as: UTF8.self)
        return query.isEmpty ? path : "\(path)?\(query)"
    }
}

// MARK: - Time

extension RecordedRequest {
    /// When it was asked, or else the newest time that it names; nil where it names none.
    public var ownTime: Timestamp? {
        time ?? Self.time(self["time"]) ?? Self.time(self["end"])
    }

    /// The request as it is sent.
    ///
    /// All its times are moved by the shift. Those of a range query are moved by the largest
    /// multiple of its step that is not above the shift, so that its steps lie as before between
    /// those of other ranges. An instant query that says no time gets the one at which it was
    /// recorded, moved too; where that is not known, the moment `now`, moved too.
    public func moved(by shift: Milliseconds, now: Timestamp) -> RecordedRequest {
        var moved = self
        switch kind {
        case .instant:
            if self["time"] == nil {
                let asked = (time ?? now).clampedSum(shift)
                moved.parameters.removeAll { $0.name == "time" }
                moved.parameters.append(Parameter("time", TimestampText.parameter(asked)))
            } else {
                moved.move(["time"], by: shift)
            }
        case .range: moved.move(["start", "end"], by: aligned(shift))
        case .list: moved.move(["start", "end"], by: shift)
        case .state: break
        }
        return moved
    }

    /// The shift, rounded down to whole steps.
    private func aligned(_ shift: Milliseconds) -> Milliseconds {
        guard let text = self["step"], let exact = try? RequestDuration.parse(text) else {
            return shift
        }
        let step = Milliseconds(exact)
        guard step > .zero, step.duration == exact else { return shift }
        return step * shift.count.floorDivided(by: step.count)
    }

    /// What is no time, and the extremes that mean "at any time", stay as they are.
    private mutating func move(_ names: [String], by shift: Milliseconds) {
        guard shift != .zero else { return }
        for index in parameters.indices where names.contains(parameters[index].name) {
            guard let time = Self.time(parameters[index].value) else { continue }
            parameters[index].value = TimestampText.parameter(time.clampedSum(shift))
        }
    }

    private static func time(_ text: String?) -> Timestamp? {
        guard let text, !text.isEmpty, let time = try? RequestTime.parse(text),
            time != RequestTime.minimum, time != RequestTime.maximum
        else { return nil }
        return time
    }
}

// MARK: - Answers

extension RecordedRequest {
    /// The first difference between the answers of two servers, in words, and both answers in short;
    /// nil where they say the same.
    ///
    /// Of what a server says about itself only the status is compared.
    public func difference(
        _ answer: (status: Int, body: [UInt8]), from reference: (status: Int, body: [UInt8])
    ) -> AnswerDifference? {
        if answer.status == reference.status, answer.body == reference.body { return nil }
        switch kind {
        case .state:
            guard answer.status != reference.status else { return nil }
            return AnswerDifference("status \(answer.status), not \(reference.status)")
        case .list:
            return ListComparison.difference(answer, from: reference).map { AnswerDifference($0) }
        case .instant, .range:
            let (given, wanted): (QueryAnswer, QueryAnswer)
            do throws(QueryAnswer.Unreadable) {
                given = try QueryAnswer(status: answer.status, body: answer.body)
            } catch {
                return AnswerDifference(error.description)
            }
            do throws(QueryAnswer.Unreadable) {
                wanted = try QueryAnswer(status: reference.status, body: reference.body)
            } catch {
                return AnswerDifference("of the reference: \(error)")
            }
            let what = AnswerComparison(query: self["query"] ?? "").difference(given, from: wanted)
            return what.map {
                AnswerDifference($0, answer: given.summary, reference: wanted.summary)
            }
        }
    }
}

/// Where two answers differ.
public struct AnswerDifference: Sendable, Equatable {
    /// In words.
    public var what: String
    /// The beginnings of the two; empty where the words say it all.
    public var answer: String
    public var reference: String

    init(_ what: String, answer: String = "", reference: String = "") {
        self.what = what
        self.answer = answer
        self.reference = reference
    }
}
