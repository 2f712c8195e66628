import Foundation
import Glibc
import TestSupport

/// A server started by a test. It cannot outlive the test process: a shell holds it, and kills it
/// when the pipe from here closes, which also happens when this process dies.
public final class ChildProcess: @unchecked Sendable {
    // Immutable but for `leash`, which is guarded by `lock`.
    public let name: String
    /// Of the server itself, not of the shell around it.
    public let processID: Int32
    public let logPath: String
    private let shellID: pid_t
    private let lock = NSLock()
    private var leash: Int32

    private static let holder = """
        log="$1"; shift
        "$@" >"$log" 2>&1 &
        child=$!
        echo "$child"
        read -r _
        kill "$child" 2>/dev/null
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            kill -0 "$child" 2>/dev/null || exit 0
            sleep 0.1
        done
        kill -9 "$child" 2>/dev/null
        """

    public init(name: String, command: [String], logPath: String) throws {
        self.name = name
        self.logPath = logPath
        // Both directions in one: the shell's standard input and output. Closed in other children.
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw TestFailure("no socket pair for \(name): \(errno)")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)

        let arguments = ["/bin/sh", "-c", Self.holder, "holder", logPath] + command
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var shell: pid_t = 0
        let status = posix_spawn(&shell, "/bin/sh", &actions, nil, &pointers, environ)
        close(ends[1])
        guard status == 0 else { throw TestFailure("\(name) did not start: \(status)") }

        var text = ""
        var byte: UInt8 = 0
        while read(ends[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        guard let child = pid_t(text) else { throw TestFailure("\(name) did not start") }
        processID = child
        shellID = shell
        leash = ends[0]
    }

    deinit { stop() }

    public func stop() {
        lock.lock()
        defer { lock.unlock() }
        guard leash >= 0 else { return }
        close(leash)
        leash = -1
        var status: Int32 = 0
        waitpid(shellID, &status, 0)
    }

    public var isRunning: Bool {
        // The shell does not reap its child before it ends itself, so a dead one shows as zombie.
        guard let stat = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
        else { return false }
        return !stat.contains(") Z ")
    }

    public var log: String {
        (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
    }

    /// Peak resident memory so far, in bytes.
    public var peakMemory: Int {
        let status = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        for line in (status ?? "").split(separator: "\n") where line.hasPrefix("VmHWM:") {
            let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
            return (kibibytes ?? 0) << 10
        }
        return 0
    }

    /// Lets `peakMemory` count anew from now.
    public func resetPeakMemory() {
        try? "5".write(toFile: "/proc/\(processID)/clear_refs", atomically: false, encoding: .utf8)
    }

    /// Waits until the server says it is ready at `url`.
    public func waitUntilReady(_ url: HTTPAddress, seconds: Double = 60) throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while Date() < deadline {
            guard isRunning else {
                throw TestFailure("\(name) ended while starting:\n\(log.suffix(2000))")
            }
            if let answer = try? url.get("/-/ready", timeout: 2), answer.status == 200 { return }
            usleep(50_000)
        }
        throw TestFailure("\(name) was not ready in \(seconds) s:\n\(log.suffix(2000))")
    }
}
