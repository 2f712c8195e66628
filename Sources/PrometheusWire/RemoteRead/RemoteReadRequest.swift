import GoText

/// What remote read asks: `prometheus.ReadRequest`.
public struct RemoteReadRequest: Sendable, Equatable {
    /// How the answer may look, by the numbers of the protocol; those that are not known are kept.
    public struct ResponseType: RawRepresentable, Sendable, Hashable {
        public var rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// One message with every sample.
        public static let samples = ResponseType(rawValue: 0)
        /// Frames of chunks as they are stored.
        public static let streamedChunks = ResponseType(rawValue: 1)
    }

    public struct Matcher: Sendable, Equatable {
        public enum Operator: Int32, Sendable {
            case equal = 0
            case notEqual = 1
            case regexMatch = 2
            case regexNoMatch = 3
        }

        public var op: Operator
        public var name: String
        public var value: String

        public init(_ name: String, _ op: Operator, _ value: String) {
            self.name = name
            self.op = op
            self.value = value
        }
    }

    /// What the client is about to do with the series; a server may use it or not.
    public struct Hints: Sendable, Equatable {
        public var step: Milliseconds = 0
        public var function = ""
        public var start: Timestamp = 0
        public var end: Timestamp = 0
        public var grouping: [String] = []
        public var isBy = false
        public var range: Milliseconds = 0

        public init() {}
    }

    public struct Query: Sendable, Equatable {
        /// Both ends belong to the interval.
        public var start: Timestamp
        public var end: Timestamp
        public var matchers: [Matcher]
        public var hints: Hints?

        public init(start: Timestamp, end: Timestamp, matchers: [Matcher], hints: Hints? = nil) {
            self.start = start
            self.end = end
            self.matchers = matchers
            self.hints = hints
        }
    }

    public var queries: [Query]
    /// In the order of preference; none means samples.
    public var accepted: [ResponseType]

    public init(queries: [Query], accepted: [ResponseType]) {
        self.queries = queries
        self.accepted = accepted
    }

    /// The first accepted type that is known; nil when none is.
    public var chosenType: ResponseType? {
        if accepted.isEmpty { return .samples }
        return accepted.first { $0 == .samples || $0 == .streamedChunks }
    }
}

extension RemoteReadRequest {
    /// Bytes of a request that is read; Prometheus's own bound.
    private static let maximumBytes = 32 << 20

    /// Why a request cannot be read; its text is the answer's.
    public struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        public var description: String

        init(_ description: String) { self.description = description }

        init(_ error: WireError) {
            switch error {
            case .truncated: description = "unexpected EOF"
            case .malformed(let reason): description = "proto: \(reason)"
            }
        }
    }

    /// Reads a request's body: a snappy block that holds the message.
    public init(body: [UInt8]) throws(Refusal) {
        let message: [UInt8]
        do throws(SnappyBlock.Failure) {
            message = try SnappyBlock.uncompress(body, limit: Self.maximumBytes)
        } catch {
            switch error {
            case .corrupt: throw Refusal("snappy: corrupt input")
            case .tooLarge: throw Refusal("snappy: decoded block is too large")
            }
        }
        self.init(queries: [], accepted: [])
        var reader = ProtobufReader(message)
        do throws(WireError) {
            while let field = try reader.next() {
                switch (field.number, field.value) {
                case (1, .bytes(let range)):
                    queries.append(try Query(ProtobufReader(message, range)))
                case (2, .varint(let number)):
                    accepted.append(ResponseType(rawValue: Int32(truncatingIfNeeded: number)))
                case (2, .bytes(let range)):
                    var packed = ProtobufReader(message, range)
                    while packed.position < range.upperBound {
                        accepted.append(
                            ResponseType(rawValue: Int32(truncatingIfNeeded: try packed.varint())))
                    }
                case (1, _), (2, _): throw .wrongType
                default: break
                }
            }
        } catch {
            throw Refusal(error)
        }
    }

    /// The body of a request.
    ///
    /// - Throws: when it is larger than any server reads.
    public var body: [UInt8] {
        get throws(Refusal) {
            var message: [UInt8] = []
            for query in queries {
                WireWriter.append(1, bytes: query.encoded, to: &message)
            }
            var types: [UInt8] = []
            for type in accepted {
                WireWriter.append(
                    varint: UInt64(bitPattern: Int64(type.rawValue)), to: &types)
            }
            if !types.isEmpty { WireWriter.append(2, bytes: types, to: &message) }
            do throws(SnappyBlock.Failure) {
                return try SnappyBlock.compress(message)
            } catch {
                throw Refusal("the request is too large")
            }
        }
    }
}

extension WireError {
    fileprivate static let wrongType = WireError.malformed("a field has the wrong wire type")
}

extension ProtobufReader {
    fileprivate func text(_ range: Range<Int>) throws(WireError) -> String {
        let part = bytes[range]
        let text = String(decoding: part, as: UTF8.self)
        guard text.utf8.elementsEqual(part) else { throw .malformed("invalid UTF-8") }
        return text
    }
}

extension RemoteReadRequest.Query {
    fileprivate init(_ message: ProtobufReader) throws(WireError) {
        self.init(start: 0, end: 0, matchers: [])
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let number)):
                start = Timestamp(milliseconds: Int64(bitPattern: number))
            case (2, .varint(let number)): end = Timestamp(milliseconds: Int64(bitPattern: number))
            case (3, .bytes(let range)):
                matchers.append(try RemoteReadRequest.Matcher(ProtobufReader(reader.bytes, range)))
            case (4, .bytes(let range)):
                hints = try RemoteReadRequest.Hints(ProtobufReader(reader.bytes, range))
            case (1...4, _): throw .wrongType
            default: break
            }
        }
    }

    fileprivate var encoded: [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(1, varint: UInt64(bitPattern: start.milliseconds), to: &out)
        WireWriter.append(2, varint: UInt64(bitPattern: end.milliseconds), to: &out)
        for matcher in matchers { WireWriter.append(3, bytes: matcher.encoded, to: &out) }
        if let hints { WireWriter.append(4, bytes: hints.encoded, to: &out) }
        return out
    }
}

extension RemoteReadRequest.Matcher {
    fileprivate init(_ message: ProtobufReader) throws(WireError) {
        self.init("", .equal, "")
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let number)):
                guard let known = Operator(rawValue: Int32(truncatingIfNeeded: number)) else {
                    throw .malformed("invalid matcher type")
                }
                op = known
            case (2, .bytes(let range)): name = try reader.text(range)
            case (3, .bytes(let range)): value = try reader.text(range)
            case (1...3, _): throw .wrongType
            default: break
            }
        }
    }

    fileprivate var encoded: [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(1, varint: UInt64(op.rawValue), to: &out)
        WireWriter.append(2, text: name, to: &out)
        WireWriter.append(3, text: value, to: &out)
        return out
    }
}

extension RemoteReadRequest.Hints {
    fileprivate init(_ message: ProtobufReader) throws(WireError) {
        self.init()
        var reader = message
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let number)): step = Milliseconds(Int64(bitPattern: number))
            case (2, .bytes(let range)): function = try reader.text(range)
            case (3, .varint(let number)):
                start = Timestamp(milliseconds: Int64(bitPattern: number))
            case (4, .varint(let number)): end = Timestamp(milliseconds: Int64(bitPattern: number))
            case (5, .bytes(let range)): grouping.append(try reader.text(range))
            case (6, .varint(let number)): isBy = number != 0
            case (7, .varint(let number)): range = Milliseconds(Int64(bitPattern: number))
            case (1...7, _): throw .wrongType
            default: break
            }
        }
    }

    fileprivate var encoded: [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(1, varint: UInt64(bitPattern: step.count), to: &out)
        WireWriter.append(2, text: function, to: &out)
        WireWriter.append(3, varint: UInt64(bitPattern: start.milliseconds), to: &out)
        WireWriter.append(4, varint: UInt64(bitPattern: end.milliseconds), to: &out)
        for name in grouping { WireWriter.append(5, bytes: name.utf8, to: &out) }
        WireWriter.append(6, varint: isBy ? 1 : 0, to: &out)
        WireWriter.append(7, varint: UInt64(bitPattern: range.count), to: &out)
        return out
    }
}
