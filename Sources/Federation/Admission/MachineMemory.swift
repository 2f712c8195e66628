import Foundation
import Glibc

/// The memory that this process may use at most.
public enum MachineMemory {
    /// Bytes: what the machine has, or less where a control group of the process says so.
    public static var bytes: Int {
        let pages = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        return groups.compactMap(limit).reduce(max(pages, least), min)
    }

    /// Where nothing can be found out.
    private static let least = 1 << 28

    /// Files with limits of the groups that the process is in, and of those around them.
    private static var groups: [String] {
        let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        return own.split(separator: "\n").flatMap { files(ofGroup: String($0)) }
    }

    /// - Parameter line: of `/proc/self/cgroup`: number, controllers, path.
    static func files(ofGroup line: String) -> [String] {
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return [] }
        let root: String
        let file: String
        if parts[1].isEmpty {
            (root, file) = ("/sys/fs/cgroup", "memory.max")
        } else if parts[1].split(separator: ",").contains("memory") {
            (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            return []
        }
        var path = parts[2].split(separator: "/").map(String.init)
        var files: [String] = []
        while true {
            files.append(([root] + path + [file]).joined(separator: "/"))
            if path.popLast() == nil { return files }
        }
    }

    /// A group without a limit says `max`, or a number that is greater than any machine has.
    private static func limit(_ file: String) -> Int? {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap {
            $0 > 0 ? $0 : nil
        }
    }
}
