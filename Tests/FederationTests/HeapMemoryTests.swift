import Foundation
import Testing

@testable import Federation

@Suite struct HeapMemoryTests {
    private static let much = 64 << 20

    private struct Look {
        var used: Int
        var recentPeak: Int
    }

    /// Which looks give memory back.
    private func outcomes(of looks: [Look]) -> [Bool] {
        var heap = HeapMemory()
        return looks.map { heap.isWorthwhile(used: $0.used, recentPeak: $0.recentPeak) }
    }

    @Test func memoryIsGivenBackOnceWhenNoAnswerIsUnderWay() {
        let looks = [
            Look(used: Self.much, recentPeak: Self.much), Look(used: 0, recentPeak: Self.much),
            Look(used: 0, recentPeak: 0),
        ]
        #expect(outcomes(of: looks) == [false, true, false])
    }

    @Test func smallAnswersLeaveNothingToGiveBack() {
        let looks = Array(repeating: Look(used: 0, recentPeak: 1 << 20), count: 100)
        #expect(!outcomes(of: looks).contains(true))
    }

    @Test func aGatewayThatNeverRestsGivesBackInTheEnd() {
        let looks = Array(repeating: Look(used: Self.much, recentPeak: Self.much), count: 60)
        #expect(outcomes(of: looks).count(where: { $0 }) == 2)
    }

    @Test func thePeakSinceTheLastLookIsTold() {
        let budget = MemoryBudget(limit: 1 << 30)
        do {
            let loan = budget.loan()
            #expect(loan.lend(Self.much))
        }
        let peaks = [budget.takeRecentPeak(), budget.takeRecentPeak()]
        #expect(peaks == [Self.much, 0])
    }

    @Test func freedMemoryIsKeptAndThenGivenBackToTheSystem() {
        HeapMemory.keepFreed(threads: 2)
        var blocks = (0..<1024).map { [UInt8](repeating: UInt8($0 & 1), count: 1 << 16) }
        // Above those that are freed, so that they are not the end of the heap.
        let last = blocks.removeLast()
        blocks = []
        let kept = Self.residentPages
        HeapMemory.giveBack()
        #expect(Self.residentPages < kept - (32 << 20) / 4096)
        withExtendedLifetime(last) {}
    }

    /// Of this process; the second number of the file.
    private static var residentPages: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
