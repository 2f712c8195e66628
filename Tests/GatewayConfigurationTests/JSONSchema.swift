import Foundation

/// As much of JSON Schema as configs/configuration.schema.json uses. An unknown keyword is an error
/// of the schema, so that nothing in it is silently without effect.
struct JSONSchema {
    let root: [String: Any]

    init(contentsOf url: URL) throws {
        let value = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
        guard let root = value as? [String: Any] else { throw NotASchema() }
        self.root = root
    }

    struct NotASchema: Error {}

    private static let keywords: Set<String> = [
        "$schema", "$defs", "$ref", "title", "description", "default", "deprecated", "type",
        "properties", "required", "additionalProperties", "items", "minItems", "minLength",
        "minimum", "enum", "pattern", "anyOf", "propertyNames", "maxProperties",
    ]

    /// What is wrong with a document, each with its path; empty when nothing is.
    func problems(of document: Any) -> [String] { problems(of: document, root, at: "") }

    /// Paths of all keys that are not deprecated, `<name>` standing for names of the user's choice.
    var keyPaths: [String] { keyPaths(root, "", isDeprecated: false) }

    /// Paths of other spellings and of keys that have no effect.
    var deprecatedKeyPaths: [String] { keyPaths(root, "", isDeprecated: true) }

    /// The part of the schema at a path, references followed.
    func schema(at path: String) -> [String: Any] {
        var schema = root
        for name in path.split(separator: ".") {
            let properties = resolved(schema)["properties"] as? [String: Any]
            schema = properties?[String(name)] as? [String: Any] ?? [:]
        }
        return resolved(schema)
    }

    private func resolved(_ schema: [String: Any]) -> [String: Any] {
        guard let name = (schema["$ref"] as? String)?.split(separator: "/").last,
            let found = (root["$defs"] as? [String: Any])?[String(name)] as? [String: Any]
        else { return schema }
        return found.merging(schema) { found, _ in found }
    }

    private func keyPaths(
        _ schema: [String: Any], _ prefix: String, isDeprecated: Bool
    ) -> [String] {
        let schema = resolved(schema)
        if let items = schema["items"] as? [String: Any] {
            return keyPaths(items, prefix + "[]", isDeprecated: isDeprecated)
        }
        let stem = prefix.isEmpty ? "" : prefix + "."
        if let every = schema["additionalProperties"] as? [String: Any] {
            let possibilities = every["anyOf"] as? [[String: Any]] ?? [every]
            let mappings = possibilities.filter { resolved($0)["properties"] != nil }
            return (isDeprecated ? [] : [stem + "<name>"])
                + mappings.flatMap {
                    keyPaths($0, stem + "<name>", isDeprecated: isDeprecated)
                }
        }
        var paths: [String] = []
        for (name, value) in schema["properties"] as? [String: Any] ?? [:] {
            let property = value as? [String: Any] ?? [:]
            if property["deprecated"] as? Bool == true {
                if isDeprecated { paths.append(stem + name) }
                continue
            }
            if !isDeprecated { paths.append(stem + name) }
            paths += keyPaths(property, stem + name, isDeprecated: isDeprecated)
        }
        return paths
    }

    private func problems(of value: Any, _ schema: [String: Any], at path: String) -> [String] {
        let schema = resolved(schema)
        var found = schema.keys.filter { !Self.keywords.contains($0) }.map {
            "\(path): the schema has the unknown keyword \($0)"
        }
        if let options = schema["anyOf"] as? [[String: Any]],
            !options.contains(where: { problems(of: value, $0, at: path).isEmpty })
        {
            found.append("\(path): \(value) is none of \(options.count) possibilities")
        }
        if let choices = schema["enum"] as? [String], !choices.contains(value as? String ?? "") {
            found.append("\(path): \(value) is not one of \(choices)")
        }
        guard let type = schema["type"] as? String else { return found }
        switch (type, value) {
        case ("string", let text as String):
            if let pattern = schema["pattern"] as? String,
                text.range(of: pattern, options: .regularExpression) == nil
            {
                found.append("\(path): \(text) does not match \(pattern)")
            }
            if text.count < schema["minLength"] as? Int ?? 0 { found.append("\(path): is empty") }
        case ("boolean", is Bool): break
        case ("integer", let number as Int) where !(value is Bool):
            if number < schema["minimum"] as? Int ?? .min { found.append("\(path): too small") }
        case ("array", let elements as [Any]):
            if elements.count < schema["minItems"] as? Int ?? 0 { found.append("\(path): too few") }
            for (index, element) in elements.enumerated() {
                guard let items = schema["items"] as? [String: Any] else { continue }
                found += problems(of: element, items, at: "\(path)[\(index)]")
            }
        case ("object", let pairs as [String: Any]):
            for name in schema["required"] as? [String] ?? [] where pairs[name] == nil {
                found.append("\(path): \(name) is missing")
            }
            if pairs.count > schema["maxProperties"] as? Int ?? .max {
                found.append("\(path): too many")
            }
            let properties = schema["properties"] as? [String: Any] ?? [:]
            let names = schema["propertyNames"] as? [String: Any] ?? [:]
            for (name, element) in pairs {
                let named = names.merging(["type": "string"]) { own, _ in own }
                found += problems(of: name, named, at: "\(path).\(name)")
                if let property = properties[name] as? [String: Any] {
                    found += problems(of: element, property, at: "\(path).\(name)")
                } else if let rest = schema["additionalProperties"] as? [String: Any] {
                    found += problems(of: element, rest, at: "\(path).\(name)")
                } else {
                    found.append("\(path): unknown key \(name)")
                }
            }
        default: found.append("\(path): \(value) is not of type \(type)")
        }
        return found
    }
}
