import CHeap
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

/// What the C library does with memory that was freed.
///
/// It would give most of it back to the system at once, and take it anew page by page for the next
/// part of an answer, which costs a long answer a tenth of its time. So freed memory is kept while
/// answers are made, and given back when none is.
public struct HeapMemory: Sendable {
    /// Between two looks at what is lent.
    public static let interval = Duration.seconds(1)

    /// Blocks up to this size (bytes) are taken from what is kept.
    private static let largestKept: Int32 = 32 << 20
    /// Bytes at the end of a heap, of which threads share a few, that are kept.
    private static let mostKept: Int32 = 16 << 20
    /// A gateway that lends less than so many bytes is at rest.
    private static let resting = 1 << 20
    /// What has to be lent, at once, before there is something to give back.
    private static let worthwhile = 2 << 20
    /// One that never rests gives back what is free after so many looks nevertheless.
    private static let longest = 30

    private var peak = 0
    private var looks = 0

    public init() {}

    /// Keeps what is freed from now on.
    ///
    /// - Parameter threads: that take memory most of the time.
    public static func keepFreed(threads: Int) {
        mallopt(M_MMAP_THRESHOLD, largestKept)
        mallopt(M_TRIM_THRESHOLD, mostKept)
        mallopt(M_ARENA_MAX, Int32(clamping: max(2, threads)))
    }

    /// Gives back what is free, if much was in use and no answer is under way.
    ///
    /// - Parameter budget: what answers take their memory from.
    public mutating func look(at budget: MemoryBudget) {
        if isWorthwhile(used: budget.load.used, recentPeak: budget.takeRecentPeak()) {
            Self.giveBack()
        }
    }

    static func giveBack() { malloc_trim(0) }

    /// - Parameters:
    ///   - used: bytes that are lent now.
    ///   - recentPeak: the most that were lent at once since the last look.
    mutating func isWorthwhile(used: Int, recentPeak: Int) -> Bool {
        peak = max(peak, recentPeak)
        guard peak >= Self.worthwhile else { return false }
        looks += 1
        guard used < Self.resting || looks >= Self.longest else { return false }
        (peak, looks) = (0, 0)
        return true
    }
}
