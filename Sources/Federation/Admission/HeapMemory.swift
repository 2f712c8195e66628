import CHeap

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
    private static let worthwhile = 8 << 20
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
