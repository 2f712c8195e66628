import Foundation

/// The keys of the gateway's own `tls`.
enum ServerTLSSection {
    static let table = SettingsTable<ServerTLS>(
        blank: ServerTLS(certFile: "", keyFile: ""),
        [
            file(
                "certFile", \.certFile,
                "PEM file of the gateway's certificate, and of those that lead to its authority."),
            file("keyFile", \.keyFile, "PEM file of the certificate's key, without a passphrase."),
            .text(
                "clientCAFile", \.clientCAFile,
                "PEM file of authorities, of which every client must then show a certificate."),
        ])

    private static func file(
        _ name: SettingName, _ path: any WritableKeyPath<ServerTLS, String> & Sendable,
        _ text: String
    ) -> Setting<ServerTLS> {
        var setting = Setting<ServerTLS>(
            name, .nonEmptyText, text,
            read: { section, value, reader in
                guard let read = section.text(name, &reader.report), !read.isEmpty else {
                    reader.report.error(
                        at: section.place(of: name), "a file is needed",
                        mend: "certFile and keyFile belong together")
                    return false
                }
                value[keyPath: path] = read
                return true
            }, write: { .text($0[keyPath: path]) })
        setting.isRequired = true
        return setting
    }
}

extension ConfigurationReader {
    /// The gateway's own `tls`, whose files must be usable.
    mutating func readServerTLS(_ node: ConfigurationNode) -> ServerTLS? {
        guard let tls = ServerTLSSection.table.read(node, subject: nil, &self) else { return nil }
        do throws(ServerTLS.Problem) {
            let material = try tls.material()
            _ = try tls.context(of: material)
            if let end = tls.end(in: material), end < Date() {
                report.note(at: node, "the certificate of certFile ended at \(end)")
            }
        } catch {
            report.error(
                at: node.value(of: error.key) ?? node, "\(error.path) \(error.text)",
                mend: error.mend)
        }
        return tls
    }
}
