import Foundation
import RealServers
import TestSupport
import Testing

/// What makes and installs packages.
private enum PackageTools {
    static let areHere = ["dpkg", "dpkg-deb", "dpkg-shlibdeps", "strip"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }
}

/// The Debian package that `scripts/deb` makes, installed into a root of its own.
@Suite(
    .enabled(
        if: PackageTools.areHere, "dpkg-deb or dpkg-shlibdeps is not here: no package is made"))
struct PackageTests {
    /// dpkg under a folder in place of `/`; the scripts of the package run, and touch nothing else.
    private static func dpkg(_ root: String, _ arguments: [String]) throws -> CommandOutput {
        try .of(
            "/usr/bin/dpkg",
            [
                "--root=\(root)", "--force-not-root", "--force-bad-path", "--force-depends",
                "--force-script-chrootless", "--log=/dev/null",
            ] + arguments)
    }

    @Test("The package is installed, serves with its own configuration, and goes wholly")
    func installed() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let program = "\(folder)/tributary"
                let stripped = try CommandOutput.of(
                    "/usr/bin/strip", ["-g", "-o", program, try Repository.gateway()])
                #expect(stripped.status == 0, "\(stripped)")
                let made = try CommandOutput.of(
                    "\(Repository.root)/scripts/deb", ["\(folder)/packages"],
                    environment: ["TRIBUTARY_BIN": program, "DPKG_DEB_COMPRESSOR_TYPE": "none"])
                #expect(made.status == 0, "\(made)")
                let package = made.output.trimmingCharacters(in: .whitespacesAndNewlines)

                let sums = package.replacingOccurrences(of: ".deb", with: ".sha256")
                let summed = try CommandOutput.of(
                    "/bin/sh",
                    [
                        "-c", "cd \"$1\" && sha256sum --check \"$2\"", "sh", "\(folder)/packages",
                        sums,
                    ])
                #expect(summed.status == 0, "\(summed)")
                let parts = try JSONValue(
                    parsing: Array(
                        try Data(
                            contentsOf: URL(
                                fileURLWithPath: package.replacingOccurrences(
                                    of: ".deb", with: ".spdx.json")))))
                let names = (parts["packages"]?.items ?? []).compactMap { $0["name"]?.text }
                #expect(names.first == "tributary" && names.contains("swift-nio"))
                #expect(names.contains { $0.hasPrefix("libcurl4") })
                let needs = try CommandOutput.of(
                    "/usr/bin/dpkg-deb", ["--field", package, "Depends"])
                #expect(needs.output.contains("libcurl4") && needs.output.contains("libpq5"))

                let root = "\(folder)/root"
                for name in ["info", "updates", "triggers"] {
                    try FileManager.default.createDirectory(
                        atPath: "\(root)/var/lib/dpkg/\(name)", withIntermediateDirectories: true)
                }
                _ = FileManager.default.createFile(
                    atPath: "\(root)/var/lib/dpkg/status", contents: nil)
                let installed = try Self.dpkg(root, ["--install", package])
                #expect(installed.status == 0, "\(installed)")
                let verified = try Self.dpkg(root, ["--verify", "tributary"])
                #expect(verified.status == 0 && verified.output.isEmpty, "\(verified)")
                try check(root)

                let configuration = "\(root)/etc/tributary/configuration.yaml"
                let port = try LoopbackPort.free()
                let server = try ChildProcess(
                    name: "installed",
                    command: [
                        "\(root)/usr/bin/tributary", "serve", "--config", configuration,
                        "--listen", "127.0.0.1:\(port)",
                    ], logPath: "\(folder)/log")
                try server.waitUntilReady(HTTPAddress(port: port))
                let answer = try HTTPAddress(port: port).get("/api/v1/query", [("query", "1+1")])
                #expect(answer.status == 200)
                // The web page is in it wherever its libraries can be had.
                let libraries = try CommandOutput.of(
                    "\(Repository.root)/scripts/fetch-web-libraries", [])
                if libraries.status == 0 {
                    #expect(
                        FileManager.default.fileExists(
                            atPath: "\(root)/usr/share/tributary/web/index.html"))
                    #expect(try HTTPAddress(port: port).get("/query", []).status == 200)
                }
                server.stop()

                // An edited configuration outlives a removal, and a purge takes everything.
                try "# mine\n".write(toFile: configuration, atomically: true, encoding: .utf8)
                #expect(try Self.dpkg(root, ["--remove", "tributary"]).status == 0)
                #expect(try String(contentsOfFile: configuration, encoding: .utf8) == "# mine\n")
                #expect(!FileManager.default.fileExists(atPath: "\(root)/usr/bin/tributary"))
                #expect(try Self.dpkg(root, ["--purge", "tributary"]).status == 0)
                #expect(!FileManager.default.fileExists(atPath: configuration))
            }
        }
    }

    private func check(_ root: String) throws {
        for path in [
            "lib/systemd/system/tributary.service",
            "usr/share/man/man1/tributary.1.gz", "usr/share/man/man1/tributary-query.1.gz",
            "usr/share/bash-completion/completions/tributary",
            "usr/share/zsh/vendor-completions/_tributary",
            "usr/share/fish/vendor_completions.d/tributary.fish",
            "usr/share/doc/tributary/README.md", "usr/share/doc/tributary/sbom.spdx.json",
            "usr/share/doc/tributary/copyright", "usr/share/doc/tributary/examples/main.yaml",
        ] {
            let size = try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")[.size]
            #expect((size as? Int ?? 0) > 100, "\(path)")
        }
        // The unit starts the program with the configuration that the package has.
        let unit = try String(
            contentsOfFile: "\(root)/lib/systemd/system/tributary.service", encoding: .utf8)
        let start = try #require(
            unit.split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        let words = start.dropFirst("ExecStart=".count).split(separator: " ").map(String.init)
        #expect(FileManager.default.isExecutableFile(atPath: root + words[0]))
        #expect(FileManager.default.fileExists(atPath: root + (words.last ?? "")))
        for line in [
            "DynamicUser=yes", "ProtectSystem=strict", "StateDirectory=tributary",
            "ExecReload=/bin/kill -HUP $MAINPID",
        ] { #expect(unit.contains("\n\(line)\n"), "\(line)") }
    }
}
