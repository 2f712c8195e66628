/// Reads an answer's header lines one by one: interim answers (1xx) are passed over, what follows
/// the final head is trailers.
struct ResponseHeadParser {
    enum Event: Equatable {
        case more
        /// The empty line after the final head.
        case headEnded
        case tooLarge
    }

    static let maximumBytes = 128 * 1024

    private(set) var status = 0
    /// As the status line has it, such as `HTTP/1.1`.
    private(set) var version = ""
    private(set) var headers = HeaderFields()
    private(set) var trailers = HeaderFields()
    private(set) var isComplete = false
    private var bytes = 0

    /// Takes one line with its line end.
    mutating func feed(_ line: UnsafeBufferPointer<UInt8>) -> Event {
        bytes += line.count
        if bytes > Self.maximumBytes { return .tooLarge }
        var end = line.count
        while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
        let content = line[..<end]
        if content.isEmpty {
            guard !isComplete, status >= 200 else { return .more }
            isComplete = true
            return .headEnded
        }
        if !isComplete, content.starts(with: "HTTP/".utf8) {
            status = Self.status(of: content)
            version = Self.text(content.prefix { $0 != 0x20 })
            headers = HeaderFields()
        } else if content.first == 0x20 || content.first == 0x09 {
            extend(with: Self.text(content))
        } else if let colon = content.firstIndex(of: UInt8(ascii: ":")) {
            append(Self.text(content[..<colon]), Self.text(content[(colon + 1)...]))
        }
        return .more
    }

    private mutating func append(_ name: String, _ value: String) {
        if isComplete {
            trailers.append(name: name, value: value)
        } else {
            headers.append(name: name, value: value)
        }
    }

    private mutating func extend(with text: String) {
        if isComplete { trailers.extendLast(with: text) } else { headers.extendLast(with: text) }
    }

    /// The number after the first blank; 0 without one.
    private static func status(of line: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        guard let blank = line.firstIndex(of: 0x20) else { return 0 }
        var number = 0
        for byte in line[(blank + 1)...].prefix(3) {
            guard (48...57).contains(byte) else { return 0 }
            number = number * 10 + Int(byte - 48)
        }
        return number
    }

    private static func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isBlank(last) { bytes = bytes.dropLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
