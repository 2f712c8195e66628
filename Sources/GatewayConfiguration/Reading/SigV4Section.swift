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
                sessionToken, role,
                .part(
                    "externalId", .nonEmptyText,
                    "What the role wants to be told by those who assume it."
                ) { $0.role?.externalID.map { .text($0) } },
                .part(
                    "stsUrl", .nonEmptyText,
                    "Where the keys of the role are asked for, if not at the STS endpoint of the "
                        + "region: an http or https URL."
                ) { ($0.role?.stsURL).map { .text($0.description) } },
            ])
        table.shape.unsupported = [
            "profile": "write accessKey and secretKey: the gateway reads no profiles of AWS"
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

    /// Read with what is of use with it alone.
    private static let role = Setting<SigV4Settings>(
        "roleArn", .nonEmptyText, "The role that the gateway assumes, and whose keys sign.",
        read: { section, value, reader in
            value.role = reader.readRole(section)
            return true
        }, write: { $0.role.map { .text($0.arn) } })

    /// Regions and services.
    @Sendable private static func isOfName(_ byte: UInt8) -> Bool {
        isOfKey(byte) || byte == UInt8(ascii: "-")
    }

    @Sendable private static func isOfKey(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}

extension ConfigurationReader {
    /// The role with its endpoint; nil for none, and for wrong ones, which are reported.
    fileprivate mutating func readRole(_ section: Section<SettingName>) -> AWSRole? {
        guard section["roleArn"] != nil else {
            for key in ["externalId", "stsUrl"] as [SettingName] where section[key] != nil {
                report.error(
                    at: section.place(of: key), subject: section.subject,
                    "\(key.rawValue) is of use with roleArn only",
                    mend: "write roleArn, or remove \(key.rawValue)")
            }
            return nil
        }
        let externalID = readExternalID(section)
        let url = readSTSURL(section)
        guard let text = section.text("roleArn", &report) else { return nil }
        guard var role = AWSRole(arn: text) else {
            report.error(
                at: section.place(of: "roleArn"), subject: section.subject,
                "is not the ARN of a role", mend: "write it as arn:aws:iam::123456789012:role/name")
            return nil
        }
        role.externalID = externalID
        role.stsURL = url
        return role
    }

    private mutating func readExternalID(_ section: Section<SettingName>) -> String? {
        guard let text = section.text("externalId", &report) else { return nil }
        // What AWS takes.
        let isAllowed = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                || "_+=,.@:/-".utf8.contains(byte)
        }
        if (2...1224).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) { return text }
        report.error(
            at: section.place(of: "externalId"), subject: section.subject,
            "is not an external ID",
            mend: "write 2 to 1224 letters, digits and any of _+=,.@:/-")
        return nil
    }

    private mutating func readSTSURL(_ section: Section<SettingName>) -> ServerURL? {
        guard let text = section.text("stsUrl", &report) else { return nil }
        do throws(ServerURL.Problem) {
            return try ServerURL(text)
        } catch {
            report.error(
                at: section.place(of: "stsUrl"), subject: section.subject,
                "the URL of the STS endpoint \(error.text)", mend: "write it as https://host")
            return nil
        }
    }
}
