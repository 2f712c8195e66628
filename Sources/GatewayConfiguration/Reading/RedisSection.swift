import GoText
import UpstreamSettings

/// The keys of `cache.redis`.
enum RedisSection {
    private static let leastSecretBytes = 16
    private static let longestPrefix = 128

    static let table = SettingsTable<RedisSettings>(
        blank: RedisSettings(address: .unread),
        [
            url,
            .part("password", .text, "The password, where the URL holds none.") {
                $0.password.map { .secret($0) }
            },
            .part(
                "passwordFile", .text, "A file with the password instead.", isOfThisMachine: true),
            .part(
                "secret", .text,
                "What entries are signed with, at least \(leastSecretBytes) characters: the same in "
                    + "every gateway that shares them. Without it, who can write to the server can "
                    + "make answers up."
            ) {
                $0.secret.map { .secret($0) }
            },
            .part("secretFile", .text, "A file with the secret instead.", isOfThisMachine: true),
            Setting(
                "prefix", .text, "What the names of entries begin with.",
                read: { section, redis, reader in
                    guard let prefix = section.text("prefix", &reader.report) else { return true }
                    guard prefix.utf8.count <= longestPrefix else {
                        reader.report.error(
                            at: section.place(of: "prefix"), subject: section.subject,
                            "is longer than \(longestPrefix) bytes")
                        return true
                    }
                    redis.prefix = prefix
                    return true
                }, write: { .text($0.prefix) }),
            duration(
                "timeout", \.timeout, from: .milliseconds(1), to: RedisSettings.longestTimeout,
                "How long a query waits for the server; after that the server is not asked again "
                    + "until it was found back."),
            duration(
                "ttl", \.lifetime, from: .seconds(1), to: RedisSettings.longestLifetime,
                "How long an entry stays there at most. No answer is used for longer than an hour."),
        ])

    /// Of the section `cache`.
    static let setting = Setting<CacheSettings>(
        "redis", .section(table.shape),
        "A Redis or Valkey server that gateways with the same members share what was answered in.",
        read: { section, cache, reader in
            guard let node = section["redis"],
                let inner = Section<SettingName>(node, shape: table.shape, &reader.report)
            else { return true }
            var redis = table.blank
            guard table.read(inner, into: &redis, &reader) else { return true }
            reader.readSecrets(inner, into: &redis)
            cache.redis = redis
            return true
        }, write: { $0.redis.map { .lines(table.written($0)) } })

    private static let url: Setting<RedisSettings> = {
        var setting = Setting<RedisSettings>(
            "url", .nonEmptyText,
            "redis://[user[:password]@]host[:port][/database] or unix:///path[?db=database].",
            read: { section, redis, reader in
                guard let text = section.text("url", &reader.report), !text.isEmpty else {
                    if case .unusable = section["url"]?.content { return false }
                    reader.report.error(
                        at: section.place(of: "url"), subject: section.subject, "a URL is needed",
                        mend: "write it as redis://host:6379")
                    return false
                }
                do throws(RedisAddress.Problem) {
                    redis = RedisSettings(address: try RedisAddress(text))
                    return true
                } catch {
                    reader.report.error(
                        at: section.place(of: "url"), subject: section.subject,
                        "the URL \(error.text)", mend: error.mend)
                    return false
                }
            }, write: { .text($0.address.description) })
        setting.isRequired = true
        return setting
    }()

    private static func duration(
        _ name: SettingName, _ path: Setting<RedisSettings>.Path<Duration>, from least: Duration,
        to most: Duration, _ text: String
    ) -> Setting<RedisSettings> {
        Setting(
            name, .duration, text,
            read: { section, redis, reader in
                guard let read = section.duration(name, atLeast: least, &reader.report) else {
                    return true
                }
                guard read <= most else {
                    reader.report.error(
                        at: section.place(of: name), subject: section.subject,
                        "is longer than \(DurationText.text(most))")
                    return true
                }
                redis[keyPath: path] = read
                return true
            }, write: { .word(DurationText.text($0[keyPath: path])) })
    }

    fileprivate static func checkSecret(
        _ secret: Secret, at place: ConfigurationNode, _ report: inout ConfigurationReport
    ) {
        secret.file?.require(bytes: leastSecretBytes)
        guard secret.exposed.utf8.count < leastSecretBytes else { return }
        report.error(
            at: place, "the secret is too short to be safe",
            mend: "use at least \(leastSecretBytes) characters")
    }
}

extension ConfigurationReader {
    fileprivate mutating func readSecrets(
        _ section: Section<SettingName>, into redis: inout RedisSettings
    ) {
        if let password = readSecret(plain: "password", file: "passwordFile", of: section) {
            let place = section[section["password"] == nil ? "passwordFile" : "password"]
            if redis.password != nil, let place {
                report.error(
                    at: place, "the URL holds a password too", mend: "keep one of them")
            }
            // As from a variable that is set to nothing.
            redis.password = password.exposed.isEmpty ? nil : password
        }
        if redis.address.user != nil, redis.password == nil {
            report.error(
                at: section.place(of: "url"), "the URL names a user without a password",
                mend: "write redis://user:${PASSWORD}@host, or password beside it")
        }
        guard let secret = readSecret(plain: "secret", file: "secretFile", of: section) else {
            return
        }
        let place = section.place(of: section["secret"] == nil ? "secretFile" : "secret")
        RedisSection.checkSecret(secret, at: place, &report)
        redis.secret = secret
    }
}
