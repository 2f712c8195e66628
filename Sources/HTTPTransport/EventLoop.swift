import CCurl
import GoText
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// What an event loop drives. Every call comes on the loop's thread.
protocol EventLoopClient: AnyObject, Sendable {
    func ready(descriptor: Int32, events: UInt32)
    /// The nearest of the loop's deadlines has passed.
    func timePassed()
    /// Somebody no longer wants these.
    func abandoned(_ ids: [UInt64])
}

/// A serial executor that is an epoll loop on one thread of its own. Tasks that prefer its `TaskLoop`
/// run on that thread too.
///
/// It runs from `start` to `stop`. What is enqueued later is run by the thread that enqueues it, one at a
/// time: an actor on a stopped loop can still answer that it is closed.
///
/// `@unchecked Sendable`: `mail` is locked; what is `nonisolated(unsafe)` belongs to the loop's
/// thread, or is written before that thread starts or after it was joined.
final class EventLoop: SerialExecutor, @unchecked Sendable {
    /// What is to be run on the thread.
    fileprivate enum Job {
        /// Of an actor that the loop is the executor of.
        case ofActor(UnownedJob)
        /// Of a task that prefers the loop.
        case ofTask(UnownedJob, TaskLoop)
    }

    private struct Mail {
        enum Phase { case running, stopping, ended }
        var phase = Phase.running
        var jobs: [Job] = []
        var abandoned: [UInt64] = []
        /// The wake-up for what is in here has been written already.
        var isAnnounced = false
        /// Who runs jobs after the end.
        var drainer: pthread_t?

        var isEmpty: Bool { jobs.isEmpty && abandoned.isEmpty }
    }

    private let mail = LockedValue(Mail())
    private let wakeUp: Int32
    private let poll: Int32
    private nonisolated(unsafe) var thread = pthread_t()
    /// The thread while it runs, 0 before and after: numbers of threads are used again.
    private let running = Atomic<pthread_t>(0)
    private nonisolated(unsafe) var client: (any EventLoopClient)?
    /// What the thread itself has enqueued and given up, which needs neither lock nor wake-up.
    private nonisolated(unsafe) var ownJobs: [Job] = []
    private nonisolated(unsafe) var ownAbandoned: [UInt64] = []
    /// When libcurl wants to be called.
    nonisolated(unsafe) var curlDeadline = MonotonicInstant.never
    /// When the first transfer runs out of time.
    nonisolated(unsafe) var transferDeadline = MonotonicInstant.never

    init() throws(TransferError) {
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard poll >= 0, wakeUp >= 0 else {
            throw TransferError(
                .noResources, "cannot open an event loop: \(TransferError.systemText(errno))")
        }
        watch(wakeUp, events: EPOLLIN.rawValue)
    }

    deinit {
        close(wakeUp)
        close(poll)
    }

    /// Starts the thread; once. The loop holds its client until `stop`.
    func start(_ client: any EventLoopClient) throws(TransferError) {
        self.client = client
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<EventLoop>.fromOpaque(argument).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        guard code == 0 else {
            self.client = nil
            mail.withLock { $0.phase = .ended }
            throw TransferError(
                .noResources, "cannot start a thread: \(TransferError.systemText(code))")
        }
    }

    /// Ends the thread and waits for it; never to be called on it. Later calls do nothing.
    func stop() {
        let isFirst = mail.withLock { mail in
            guard mail.phase == .running else { return false }
            mail.phase = .stopping
            return true
        }
        guard isFirst else { return }
        eventfd_write(wakeUp, 1)
        pthread_join(thread, nil)
        client = nil
        mail.withLock { $0.phase = .ended }
        drain()
    }

    // MARK: - Executor

    func enqueue(_ job: consuming ExecutorJob) { enqueue(.ofActor(UnownedJob(job))) }

    fileprivate func enqueue(_ job: Job) {
        if isOnThread {
            ownJobs.append(job)
            return
        }
        // The caller owes the loop's life to the job alone, and that may have run, and the
        // loop be gone, as soon as it is in the mail.
        let life = Unmanaged.passRetained(self)
        defer { life.release() }
        let phase = post { $0.jobs.append(job) }
        if phase == .ended { drain() }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    func checkIsolated() { precondition(isCurrent, "not on the event loop") }

    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// Whether the caller runs on the loop's thread, hence is isolated to it.
    var isOnThread: Bool { running.load(ordering: .relaxed) == pthread_self() }

    private var isCurrent: Bool {
        if isOnThread { return true }
        let me = pthread_self()
        return mail.withLock { mail in mail.drainer.map { pthread_equal(me, $0) != 0 } ?? false }
    }

    /// Tells the client, from any thread, that this is not wanted any more.
    func abandon(_ id: UInt64) {
        if isOnThread {
            ownAbandoned.append(id)
            return
        }
        _ = post { if $0.phase != .ended { $0.abandoned.append(id) } }
    }

    private func post(_ put: (inout Mail) -> Void) -> Mail.Phase {
        let (phase, mustWake) = mail.withLock { mail in
            put(&mail)
            defer { mail.isAnnounced = true }
            return (mail.phase, !mail.isAnnounced)
        }
        if mustWake, phase != .ended { eventfd_write(wakeUp, 1) }
        return phase
    }

    private func drain() {
        let mine = pthread_self()
        let isDrainer = mail.withLock { mail in
            guard mail.drainer == nil else { return false }
            mail.drainer = mine
            return true
        }
        guard isDrainer else { return }
        while true {
            let jobs = mail.withLock { mail in
                defer { mail.jobs = [] }
                if mail.jobs.isEmpty { mail.drainer = nil }
                return mail.jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { run(job) }
        }
    }

    private func run(_ job: Job) {
        switch job {
        case .ofActor(let job): job.runSynchronously(on: asUnownedSerialExecutor())
        case .ofTask(let job, let loop): job.runSynchronously(on: loop.asUnownedTaskExecutor())
        }
    }

    // MARK: - The thread

    /// Adds a descriptor, or changes what it is watched for.
    func watch(_ descriptor: Int32, events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        if epoll_ctl(poll, EPOLL_CTL_MOD, descriptor, &event) != 0 {
            epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event)
        }
    }

    func unwatch(_ descriptor: Int32) {
        var event = epoll_event()
        epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, &event)
    }

    private func run() {
        // Signals are for other threads; above all a SIGPIPE of a TLS write must not end the process.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        running.store(pthread_self(), ordering: .relaxed)
        defer { retire() }
        let capacity = 256
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { events in
            while true {
                let wait = ownJobs.isEmpty && ownAbandoned.isEmpty ? timeout() : 0
                let count = epoll_wait(poll, events.baseAddress, Int32(capacity), wait)
                for index in 0..<max(0, Int(count)) {
                    let descriptor = events[index].data.fd
                    if descriptor == wakeUp {
                        var value: eventfd_t = 0
                        eventfd_read(wakeUp, &value)
                    } else {
                        client?.ready(descriptor: descriptor, events: events[index].events)
                    }
                }
                if min(curlDeadline, transferDeadline) <= .now {
                    client?.timePassed()
                }
                let goesOn = readMail()
                runOwn()
                if !goesOn { return }
            }
        }
    }

    /// Jobs of the thread itself that are run before it looks at its descriptors again.
    private static let mostAtOnce = 256

    private func runOwn() {
        var count = 0
        while count < Self.mostAtOnce, !(ownJobs.isEmpty && ownAbandoned.isEmpty) {
            let (jobs, abandoned) = (ownJobs, ownAbandoned)
            ownJobs = []
            ownAbandoned = []
            if !abandoned.isEmpty { client?.abandoned(abandoned) }
            for job in jobs { run(job) }
            count += jobs.count + 1
        }
    }

    /// Leaves what the thread did not run any more to those who enqueue later.
    private func retire() {
        running.store(0, ordering: .relaxed)
        let jobs = ownJobs
        ownJobs = []
        mail.withLock { $0.jobs += jobs }
    }

    /// False when the thread must end.
    private func readMail() -> Bool {
        let (jobs, abandoned, phase) = mail.withLock { mail in
            defer {
                mail.jobs = []
                mail.abandoned = []
                mail.isAnnounced = false
            }
            return (mail.jobs, mail.abandoned, mail.phase)
        }
        if !abandoned.isEmpty { client?.abandoned(abandoned) }
        for job in jobs { run(job) }
        return phase == .running
    }

    /// Milliseconds until the next deadline, rounded up; -1 without one.
    private func timeout() -> Int32 {
        let deadline = min(curlDeadline, transferDeadline)
        if deadline == .never { return -1 }
        let distance = MonotonicInstant.now.duration(to: deadline)
        return distance <= .zero ? 0 : Int32(clamping: distance.millisecondsToWait)
    }
}

/// A loop as the executor of tasks: what they do between waiting runs where their answers arrive, and
/// no other thread is woken for it. So it must be short; longer work belongs on the pool.
final class TaskLoop: TaskExecutor {
    private let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) { loop.enqueue(.ofTask(UnownedJob(job), self)) }
}

/// The deadlines of many transfers, the nearest first. A deadline is never taken out before its
/// time: the code that one wakes asks whether it still stands.
struct DeadlineQueue {
    private struct Entry {
        var time: MonotonicInstant
        var id: UInt64
    }

    private var heap: [Entry] = []

    /// `never` when there is none.
    var nearest: MonotonicInstant { heap.first?.time ?? .never }

    mutating func add(_ id: UInt64, at time: MonotonicInstant) {
        if time == .never { return }
        heap.append(Entry(time: time, id: id))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].time <= heap[child].time { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    /// Takes out one deadline that has passed.
    mutating func popPassed(at now: MonotonicInstant) -> UInt64? {
        guard let first = heap.first, first.time <= now else { return nil }
        let last = heap.removeLast()
        if heap.isEmpty { return first.id }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].time < heap[least].time {
                least = child
            }
            if least == parent { return first.id }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// A value behind a lock. A pthread mutex, because the thread sanitizer sees it; the one of the
/// Synchronization module it does not.
///
/// `@unchecked Sendable`: `value` is reached only while `mutex` is held.
package final class LockedValue<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: sending Value) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        self.value = value
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs the body while no other holds the lock; it must not block, nor lock again.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
