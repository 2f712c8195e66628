import Foundation

/// `tributary embedded` over a script's load commands, on a free loopback port.
final class EmbeddedServer: Sendable {
    let process: ChildProcess
    let address: HTTPAddress

    init(name: String, script: String, start: Int64, directory: String) throws {
        let path = "\(directory)/\(name).test"
        try script.write(toFile: path, atomically: false, encoding: .utf8)
        let port = try LoopbackServer.freePort()
        address = HTTPAddress(port: port)
        process = try ChildProcess(
            name: name,
            command: [
                try Repository.gateway(), "embedded", "--listen", "127.0.0.1:\(port)",
                "--load-start", "\(start / 1000)", "--load", path,
            ],
            logPath: "\(directory)/\(name).log")
        try process.waitUntilReady(address)
    }
}
