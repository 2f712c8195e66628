import UpstreamSettings

/// The keys of `sigv4`.
enum SigV4Section {
    static let table: SettingsTable<SigV4Settings> = {
        var table = SettingsTable<SigV4Settings>(
            blank: SigV4Settings(region: "", accessKey: "", secretKey: Secret("")),
            [
                .needed(
                    "region", \.region, "The region of the server, as eu-west-1.", of: isOfName),
                service,
                .needed("accessKey", \.accessKey, "The id of the access key.", of: isOfKey),
                .neededSecret(
                    "secretKey", file: "secretKeyFile", \.secretKey, "The secret access key."),
                .part(
                    "secretKeyFile", .text, "A file with the secret access key instead.",
                    isOfThisMachine: true),
                sessionToken,
            ])
        table.shape.unsupported = [
            "profile": "write accessKey and secretKey: the gateway reads no profiles of AWS",
            "roleArn":
                "write the accessKey, secretKey and sessionToken of the role, or put a proxy that "
                + "signs before the server: the gateway assumes no role",
        ]
        return table
    }()

    private static let service = Setting<SigV4Settings>(
        "service", .nonEmptyText, "The service that requests are signed for.",
        read: { section, value, reader in
            if let name = reader.readWord("service", section, of: isOfName) {
                value.service = name
            }
            return true
        }, write: { .word($0.service) })

    private static let sessionToken = Setting<SigV4Settings>(
        "sessionToken", .text, "The token of an access key that is valid for a time.",
        read: { section, value, reader in
            guard let text = section.text("sessionToken", &reader.report) else { return true }
            value.sessionToken = reader.secret(
                text, at: section.place(of: "sessionToken"), subject: section.subject,
                called: "the session token")
            return true
        }, write: { $0.sessionToken.map { .secret($0) } })

    /// Regions and services.
    @Sendable private static func isOfName(_ byte: UInt8) -> Bool {
        isOfKey(byte) || byte == UInt8(ascii: "-")
    }

    @Sendable private static func isOfKey(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}
