import Foundation

/// Files that are read whole, up to a number of bytes.
package enum BoundedFile {
    /// The bytes of a file.
    ///
    /// - Parameter mayWait: Whether the file may be one that makes its reader wait, as a pipe does.
    package static func bytes(
        of path: String, limit: Int, mayWait: Bool
    ) throws(SecretFiles.Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (mayWait ? 0 : O_NONBLOCK))
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing }
            throw unreadable()
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit + 1, 64 << 10))
        while bytes.count <= limit {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable() }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        throw .unreadable("is longer than \(limit) bytes")
    }

    private static func unreadable() -> SecretFiles.Failure {
        .unreadable("cannot be read: \(String(cString: strerror(errno)))")
    }
}
