/// What libcurl's callbacks have seen and cannot act upon, as nothing may be started from within
/// one. Belongs to the loop's thread.
final class TransferNotices {
    /// Their readers wait no longer. libcurl hands out bytes in small pieces; readers are woken
    /// when it has nothing more to hand out for now, not for every piece.
    var readable: [Transfer] = []
    /// They wait for their readers.
    var paused: [Transfer] = []

    func takeReadable() -> [Transfer] {
        defer { readable = [] }
        return readable
    }

    func takePaused() -> [Transfer] {
        defer { paused = [] }
        return paused
    }
}
