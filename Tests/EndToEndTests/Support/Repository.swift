import Foundation
import TestSupport

/// Where this package lies, and where its build put the gateway.
enum Repository {
    static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// The gateway that was built together with these tests.
    static func gateway() throws -> String {
        if let named = ProcessInfo.processInfo.environment["TRIBUTARY_BIN"] { return named }
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let products = URL(fileURLWithPath: tests).deletingLastPathComponent().path
        for place in [products, root + "/.build/debug"]
        where FileManager.default.isExecutableFile(atPath: place + "/tributary") {
            return place + "/tributary"
        }
        throw TestFailure("no tributary beside \(tests): run swift build")
    }
}
