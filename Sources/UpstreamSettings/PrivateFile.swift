#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Files and directories that only their owner may read, from the moment that they exist and
/// whatever the process's umask is.
package enum PrivateFile {
    package struct Failure: Error, CustomStringConvertible {
        /// Of the C library.
        package var code: Int32
        package var description: String { String(cString: strerror(code)) }
    }

    /// Makes a directory, and those above it that are missing, with the permissions 0700. One that
    /// exists stays as it is.
    package static func makeDirectory(_ path: String) throws(Failure) {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        guard !path.isEmpty, access(String(path), F_OK) != 0 else { return }
        if let slash = path.lastIndex(of: "/") {
            try makeDirectory(String(path[..<slash]))
        }
        guard mkdir(String(path), 0o700) == 0 else {
            // Somebody else was quicker.
            if errno == EEXIST { return }
            throw Failure(code: errno)
        }
        // The umask may have taken more away.
        guard chmod(String(path), 0o700) == 0 else { throw Failure(code: errno) }
    }

    /// Makes an empty file with the permissions 0600. One that exists stays as it is.
    package static func make(_ path: String) throws(Failure) {
        do throws(Failure) {
            try write([], to: path)
        } catch {
            guard error.code == EEXIST else { throw error }
        }
    }

    /// Writes a file with the permissions 0600.
    ///
    /// - Parameter replaces: Whether a file that exists is written over, and made private; it is an
    ///   error otherwise.
    package static func write(
        _ bytes: some Sequence<UInt8>, to path: String, replaces: Bool = false
    ) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (replaces ? 0 : O_EXCL), 0o600)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        defer { close(descriptor) }
        var information = stat()
        // A terminal or a pipe is whose it is. A file that others could read is closed to them first.
        if fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
            fchmod(descriptor, 0o600) != 0 || ftruncate(descriptor, 0) != 0
        {
            throw Failure(code: errno)
        }
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Self.write($0, to: descriptor) }
            guard written >= 0 else {
                if errno == EINTR { continue }
                throw Failure(code: errno)
            }
            rest = rest.dropFirst(written)
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
        Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
