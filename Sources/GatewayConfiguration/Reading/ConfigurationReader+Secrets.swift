import UpstreamSettings

extension ConfigurationReader {
    enum SecretLookup {
        case found(Secret)
        case missing(name: String, key: String, reason: String)
        /// It is there, but it is no secret.
        case unusable(reason: String)
    }

    /// A secret as written, without the line ends around it. One that holds more than a line is
    /// reported, without being shown, and nil.
    mutating func secret(
        _ text: String, at node: ConfigurationNode, subject: String?, called name: String
    ) -> Secret? {
        let trimmed = SecretText.trimmed(text)
        do throws(SecretText.Problem) {
            try SecretText.check(trimmed)
        } catch {
            report.error(
                at: node, subject: subject, "\(name) \(error.text)", mend: SecretText.Problem.mend)
            return nil
        }
        if !trimmed.utf8.elementsEqual(text.utf8) {
            report.note(at: node, "the line end around \(name) is left out")
        }
        return Secret(trimmed)
    }

    /// A `{name, key}` reference; nil when it is malformed, which is reported.
    mutating func readSecretReference(
        _ node: ConfigurationNode, subject: String?
    ) -> SecretLookup? {
        guard
            let section = Section<Keys.SecretReference>(
                node, subject: subject, lenient: isLenient, &report)
        else { return nil }
        guard let name = secretName(.name, section), let key = secretName(.key, section) else {
            return nil
        }
        do throws(SecretFiles.Failure) {
            let found = try secrets.secret(name: name, key: key)
            if let variable = found.trimmedVariable {
                report.note(
                    at: node, "the line end around environment variable \(variable) is left out")
            }
            return .found(found.secret)
        } catch let failure {
            switch failure {
            case .missing:
                let places = secrets.places(name: name, key: key)
                return .missing(
                    name: name, key: key,
                    reason: "secret \(name)/\(key) is missing: looked for \(places)")
            case .unreadable(let why):
                return .unusable(reason: "secret \(name)/\(key) \(why)")
            }
        }
    }

    private mutating func secretName(
        _ key: Keys.SecretReference, _ section: Section<Keys.SecretReference>
    ) -> String? {
        guard let text = section.text(key, &report), SecretFiles.isName(text) else {
            report.error(
                at: section.place(of: key), subject: section.subject,
                "the \(key == .name ? "name of a secret" : "key within the secret") is needed",
                mend: "write letters, digits, -, _ and .")
            return nil
        }
        return text
    }

    /// `apiKeys`; keys whose secret is still to be made are left out, with a note.
    mutating func readAPIKeys(_ elements: [ConfigurationNode], subject: String) -> [APIKey] {
        var keys: [APIKey] = []
        for (index, element) in elements.enumerated() {
            guard
                let section = Section<Keys.APIKey>(
                    element, subject: subject, lenient: isLenient, &report)
            else { continue }
            let description = section.text(.description, &report) ?? ""
            guard let key = readKey(section, index: index, subject: subject) else { continue }
            keys.append(APIKey(key: key, description: description))
        }
        return keys
    }

    private mutating func readKey(
        _ section: Section<Keys.APIKey>, index: Int, subject: String
    ) -> Secret? {
        if let node = section[.keySecret] {
            switch readSecretReference(node, subject: subject) {
            case nil: return nil
            case .found(let secret): return secret
            case .unusable(let reason):
                report.error(
                    at: node, subject: subject, reason, mend: "write one line into it, or remove it"
                )
                return nil
            case .missing(let name, let key, let reason):
                return generated(name: name, key: key, reason: reason, at: node)
            }
        }
        if let text = section.text(.key, &report), !text.isEmpty {
            return secret(
                text, at: section.place(of: .key), subject: subject, called: "the API key")
        }
        if case .unusable = section[.key]?.content { return nil }
        report.error(
            at: section.place(of: .key), subject: subject,
            "invalid api key #\(index): key is required",
            mend: "write key: ${VARIABLE}, or keySecret with name and key")
        return nil
    }

    private mutating func generated(
        name: String, key: String, reason: String, at node: ConfigurationNode
    ) -> Secret? {
        switch secrets.generation {
        case .never:
            report.note(at: node, "\(reason); it will be generated when the gateway starts")
            return nil
        case .whenMissing:
            guard let secret = try? secrets.generate(name: name, key: key) else {
                report.note(
                    at: node, "\(reason); it cannot be generated without a directory of secrets")
                return nil
            }
            report.note(at: node, "secret \(name)/\(key) was generated")
            return secret
        }
    }
}
