import Synchronization

/// What the cache has of a query whose client asks what it costs. Members are asked for all of such a
/// query, as they alone know its cost; this tells what they would not be asked for otherwise.
final class CacheCoverage: Sendable {
    struct Counts: Sendable, Equatable {
        /// Questions to members.
        var fragments = 0
        /// Steps that they were asked for, all questions together.
        var steps = 0
        /// Those of them that the cache would have answered.
        var cachedSteps = 0
    }

    private let counts = Mutex(Counts())

    /// What was counted until now.
    var counted: Counts { counts.withLock { $0 } }

    /// Counts one question.
    ///
    /// - Parameter cached: Steps that the cache would have answered.
    func add(steps: Int, cached: Int) {
        counts.withLock { counts in
            counts.fragments += 1
            counts.steps += steps
            counts.cachedSteps += cached
        }
    }

    /// Appends the object that is shown in `stats`.
    func append(to out: inout [UInt8]) {
        let counts = counted
        out.append(
            contentsOf: "{\"fragments\":\(counts.fragments),\"totalSteps\":\(counts.steps),".utf8)
        out.append(contentsOf: "\"cachedSteps\":\(counts.cachedSteps)}".utf8)
    }
}
