import CHiredis
import GoText
import UpstreamSettings

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One connection to a server that speaks Redis's protocol. Every call blocks, for a bounded time; it
/// is for one thread.
///
/// hiredis spells commands and reads answers. It does not wait: its own waits begin anew with every
/// few bytes, and what it reads is as long as the server likes.
final class RedisConnection {
    /// What went wrong. Never holds a value that was sent.
    struct Failure: Error, CustomStringConvertible {
        var description: String

        init(_ description: String) { self.description = description }
    }

    struct Command {
        var words: [[UInt8]]
        /// Bytes; a longer answer ends the connection.
        var longestReply = 0

        init(_ words: [[UInt8]], longestReply: Int = 0) {
            self.words = words
            self.longestReply = longestReply
        }

        init(_ words: String...) { self.init(words.map { Array($0.utf8) }) }
    }

    enum Reply: Equatable {
        case bytes([UInt8])
        /// A word, a number, or nothing.
        case done
        case error(String)
    }

    private let context: UnsafeMutablePointer<redisContext>
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// Bytes besides its value that an answer may have, as an error has.
    private static let leastRoom = 4 << 10

    /// Connects, presents itself, and sees that the server answers.
    ///
    /// The system looks the name of a host up, for as long as that takes.
    init(
        _ address: RedisAddress, password: Secret?, until deadline: MonotonicInstant
    ) throws(Failure) {
        context = try Self.opened(address)
        // In programs that start others.
        _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC)
        try wait(toSend: true, until: deadline)
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &code, &size)
        guard code == 0 else { throw Failure("cannot connect: \(String(cString: strerror(code)))") }
        var commands: [Command] = []
        if let password {
            commands.append(
                Command(
                    [Array("AUTH".utf8)] + (address.user.map { [Array($0.utf8)] } ?? [])
                        + [Array(password.exposed.utf8)]))
        }
        if address.database != 0 { commands.append(Command("SELECT", String(address.database))) }
        commands.append(Command("PING"))
        for reply in try call(commands, until: deadline) {
            guard case .error(let text) = reply else { continue }
            let secrets = (password?.exposedValues ?? []).filter { !$0.isEmpty }
            throw Failure(
                secrets.contains(where: text.contains) ? "it refuses" : "it refuses: \(text)")
        }
    }

    deinit { redisFree(context) }

    private static func opened(
        _ address: RedisAddress
    ) throws(Failure) -> UnsafeMutablePointer<redisContext> {
        let opened =
            switch address.place {
            case .host(let host, let port): redisConnectNonBlock(host, Int32(port))
            case .socket(let path): redisConnectUnixNonBlock(path)
            }
        guard let opened else { throw Failure("out of memory") }
        guard opened.pointee.err == 0 else {
            let text = withUnsafeBytes(of: opened.pointee.errstr) { text in
                String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
            }
            redisFree(opened)
            throw Failure("cannot connect: \(text)")
        }
        return opened
    }

    /// False once the server has closed it, as it does with those that are idle.
    var isOpen: Bool {
        var byte: UInt8 = 0
        let count = recv(
            context.pointee.fd, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        // Nothing is to come when nothing was asked.
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
    }

    /// Sends commands in a row and returns their answers in the same order. After a failure the
    /// connection is of no more use.
    func call(
        _ commands: [Command], until deadline: MonotonicInstant
    ) throws(Failure) -> [Reply] {
        var out: [UInt8] = []
        for command in commands { try Self.append(command, to: &out) }
        var sent = 0
        var replies: [Reply] = []
        /// Bytes since the last whole answer.
        var unread = 0
        while true {
            if sent < out.count { sent += try push(out[sent...]) }
            while replies.count < commands.count, let reply = try next() {
                replies.append(reply)
                unread = 0
            }
            if replies.count == commands.count { return replies }
            try wait(toSend: sent < out.count, until: deadline)
            unread += try pull()
            let most = commands[replies.count].longestReply + Self.leastRoom + buffer.count
            guard unread <= most else { throw Failure("an answer is longer than was asked for") }
        }
    }

    private static func append(_ command: Command, to out: inout [UInt8]) throws(Failure) {
        let bytes = command.words.flatMap { $0 }
        let lengths = command.words.map(\.count)
        var text: UnsafeMutablePointer<CChar>?
        let length = bytes.withUnsafeBytes { bytes in
            var start = bytes.baseAddress
            var words = lengths.map { length in
                defer { start = start?.advanced(by: length) }
                return start?.assumingMemoryBound(to: CChar.self)
            }
            return Int(redisFormatCommandArgv(&text, Int32(words.count), &words, lengths))
        }
        guard length > 0, let text else { throw Failure("out of memory") }
        out += UnsafeRawBufferPointer(start: text, count: length)
        redisFreeCommand(text)
    }

    /// Returns when the connection may have moved.
    private func wait(toSend: Bool, until deadline: MonotonicInstant) throws(Failure) {
        while true {
            let left = MonotonicInstant.now.duration(to: deadline)
            guard left > .zero else { throw Failure("it gives no answer in time") }
            var item = pollfd(
                fd: context.pointee.fd, events: Int16(toSend ? POLLIN | POLLOUT : POLLIN),
                revents: 0)
            let count = poll(&item, 1, Int32(clamping: left.millisecondsToWait))
            if count > 0 { return }
            guard count == 0 || errno == EINTR else { throw Self.broken(errno) }
        }
    }

    private static func broken(_ code: Int32) -> Failure {
        Failure("the connection broke: \(String(cString: strerror(code)))")
    }

    /// How many bytes the system took.
    private func push(_ bytes: ArraySlice<UInt8>) throws(Failure) -> Int {
        let count = bytes.withUnsafeBytes {
            send(
                context.pointee.fd, $0.baseAddress, $0.count,
                Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        if count >= 0 { return count }
        guard errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR else {
            throw Self.broken(errno)
        }
        return 0
    }

    /// How many bytes came, for the reader of answers.
    private func pull() throws(Failure) -> Int {
        let descriptor = context.pointee.fd
        let count = buffer.withUnsafeMutableBytes {
            recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        if count < 0 {
            guard errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR else {
                throw Self.broken(errno)
            }
            return 0
        }
        guard count > 0 else { throw Failure("it closed the connection") }
        let isFed = buffer.withUnsafeBytes { bytes in
            redisReaderFeed(
                context.pointee.reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                count)
        }
        guard isFed == REDIS_OK else { throw Failure("it does not speak Redis's protocol") }
        return count
    }

    /// The next answer, if all of it is here.
    private func next() throws(Failure) -> Reply? {
        var raw: UnsafeMutableRawPointer?
        guard redisReaderGetReply(context.pointee.reader, &raw) == REDIS_OK else {
            throw Failure("it does not speak Redis's protocol")
        }
        guard let raw else { return nil }
        defer { freeReplyObject(raw) }
        let reply = raw.assumingMemoryBound(to: redisReply.self).pointee
        let bytes = UnsafeRawBufferPointer(
            start: reply.str, count: reply.str == nil ? 0 : Int(reply.len))
        switch reply.type {
        case REDIS_REPLY_STRING: return .bytes(Array(bytes))
        case REDIS_REPLY_STATUS, REDIS_REPLY_INTEGER, REDIS_REPLY_NIL: return .done
        case REDIS_REPLY_ERROR:
            let text = String(decoding: bytes.prefix(200), as: UTF8.self)
            return .error(text.filter { !$0.isNewline && $0 != "\0" })
        default: throw Failure("it gives an answer that was not asked for")
        }
    }
}
