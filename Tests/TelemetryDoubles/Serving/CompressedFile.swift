import Glibc
import TestSupport

/// Files that tests keep compressed.
package enum CompressedFile {
    package struct Unreadable: Error {
        package var path: String
    }

    /// What a file in gzip holds, up to 4 MiB.
    package static func bytes(_ path: String) throws(Unreadable) -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Unreadable(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        guard let unpacked = inflated(bytes) else { throw Unreadable(path: path) }
        return unpacked
    }
}
