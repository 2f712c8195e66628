#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension Expression {
    /// Levels that fit on the stack of any thread, whatever a level takes.
    private static let levelsOnAnyStack = 40
    /// More than any level takes, also in a build without optimization.
    private static let stackBytesPerLevel = 64 << 10
    /// For what is called before the recursion and at its end, in levels.
    private static let levelsBesides = 64

    /// Runs `body`, which calls itself for each level of the expression, where the stack is large
    /// enough for that: here, or for a high tree on a thread of its own, for which this one waits.
    ///
    /// On such a thread there is no current task. Where no thread can be had, `body` runs here.
    public func recursing<Value, Failure: Error>(
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard height(notAbove: Self.levelsOnAnyStack + 1) > Self.levelsOnAnyStack else {
            return try body()
        }
        var result: Result<Value, Failure>?
        let levels = height(notAbove: .max) + Self.levelsBesides
        onThread(stackBytes: levels * Self.stackBytesPerLevel) { result = Result(catching: body) }
        return try (result ?? Result(catching: body)).get()
    }

    /// Levels, this one included; `limit` where there are at least so many.
    func height(notAbove limit: Int) -> Int {
        var height = 0
        var level = [self]
        while !level.isEmpty, height < limit {
            height += 1
            level = level.flatMap(\.children)
        }
        return height
    }
}

/// Runs `body` on a new thread and waits for its end. Where no thread can be had, `body` does not
/// run.
private func onThread(stackBytes: Int, _ body: () -> Void) {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return }
    defer { pthread_attr_destroy(&attributes) }
    guard pthread_attr_setstacksize(&attributes, stackBytes) == 0 else { return }
    // The closure does not escape: the thread has ended before this returns.
    withoutActuallyEscaping(body) { body in
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let work = Unmanaged.passRetained(ThreadWork(body))
        let failure = pthread_create(
            &thread, &attributes, { perform($0) }, work.toOpaque())
        guard failure == 0 else {
            work.release()
            return
        }
        #if canImport(Darwin)
        guard let thread else { return }
        #endif
        pthread_join(thread, nil)
    }
}

private final class ThreadWork {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}

private func perform(_ work: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let work else { return nil }
    Unmanaged<ThreadWork>.fromOpaque(work).takeRetainedValue().body()
    return nil
}
