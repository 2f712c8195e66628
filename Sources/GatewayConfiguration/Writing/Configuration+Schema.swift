extension Configuration {
    /// The JSON Schema of the configuration file, for editors: what configs/configuration.schema.json
    /// holds.
    public static var jsonSchema: String {
        let root = ConfigurationKeys.Root.shape
        let shared = SettingType.Shared.allCases.map { (name: $0.rawValue, value: $0.schema) }
        let head: [(name: String, value: SchemaValue)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("title", .text("Tributary configuration")),
            (
                "description",
                .text(
                    "configuration.yaml of Tributary; docs/configuration.md says what the keys mean."
                )
            ),
        ]
        let definitions = shared + root.definitions
        return SchemaValue.object(head + root.pairs + [("$defs", .object(definitions))]).json()
    }
}

extension SectionShape {
    /// The section as a schema, without the sections that have a definition of their own.
    fileprivate var pairs: [(name: String, value: SchemaValue)] {
        var properties = keys.map { (name: $0.name, value: SchemaValue.object($0.schema)) }
        for key in keys {
            for alias in aliases.filter({ $0.value == key.name }).keys.sorted() {
                var other = key
                other.text = "Another spelling of \(key.name)."
                properties.append(
                    (alias, .object(other.schema + [("deprecated", .flag(true))])))
            }
        }
        for name in ignored.sorted() {
            properties.append(
                (
                    name,
                    .object([
                        ("description", .text("Known to Coroot; ignored here.")),
                        ("deprecated", .flag(true)),
                    ])
                ))
        }
        // Another spelling would be missing.
        let required = keys.filter { key in
            key.isRequired && !aliases.values.contains(key.name)
        }
        return [
            ("type", .text("object")), ("additionalProperties", .flag(false)),
            ("properties", .object(properties)),
        ] + (required.isEmpty ? [] : [("required", .list(required.map { .text($0.name) }))])
    }

    /// The sections within that are defined once, each behind those that it refers to.
    fileprivate var definitions: [(name: String, value: SchemaValue)] {
        var all: [(name: String, value: SchemaValue)] = []
        for key in keys {
            switch key.type {
            case .section(let inner), .sections(let inner):
                let found =
                    inner.definitions
                    + (inner.definition.map { [($0, .object(inner.pairs))] } ?? [])
                all += found.filter { new in !all.contains { $0.name == new.name } }
            case .poolMapping: all.append(("pool", .object(PoolSection.shape.pairs)))
            case .text, .nonEmptyText, .shared, .choice, .choices, .mapping: break
            }
        }
        return all
    }

    fileprivate var reference: [(name: String, value: SchemaValue)] {
        definition.map { [("$ref", .text("#/$defs/\($0)"))] } ?? pairs
    }
}

extension SectionShape.Key {
    fileprivate var schema: [(name: String, value: SchemaValue)] {
        [("description", .text(text))] + type.schema + (standard.map { [("default", $0)] } ?? [])
    }
}

extension SettingType {
    fileprivate var schema: [(name: String, value: SchemaValue)] {
        switch self {
        case .text: return [("type", .text("string"))]
        case .nonEmptyText: return [("type", .text("string")), ("minLength", .number(1))]
        case .shared(let shared): return [("$ref", .text("#/$defs/\(shared.rawValue)"))]
        case .choice(let choices): return [("enum", .list(choices.map { .text($0) }))]
        case .choices(let choices):
            return [
                ("type", .text("array")), ("items", .object(SettingType.choice(choices).schema)),
            ]
        case .mapping(let names, let most):
            let pattern = names.map { SchemaValue.object([("pattern", .text($0))]) }
            return [("type", .text("object"))] + (pattern.map { [("propertyNames", $0)] } ?? [])
                + (most.map { [("maxProperties", .number($0))] } ?? [])
                + [("additionalProperties", .object(SettingType.text.schema))]
        case .poolMapping:
            let names: SchemaValue = .object([
                ("type", .text("array")), ("minItems", .number(1)),
                ("items", .object(SettingType.text.schema)),
            ])
            let either: SchemaValue = .list([names, .object(PoolSection.shape.reference)])
            return [
                ("type", .text("object")), ("additionalProperties", .object([("anyOf", either)])),
            ]
        case .section(let shape): return shape.reference
        case .sections(let shape):
            return [("type", .text("array")), ("items", .object(shape.reference))]
        }
    }
}

extension SettingType.Shared {
    fileprivate var schema: SchemaValue {
        switch self {
        case .variable: .object([("type", .text("string")), ("pattern", .text("\\$"))])
        case .duration: Self.orVariable([Self.text("^([0-9]+(ms|[ywdhms]))+$")])
        case .size:
            Self.orVariable([Self.integer(atLeast: 1024), Self.text("^[0-9]+ *([KMG]i?B)?$")])
        case .count: Self.orVariable([Self.integer(atLeast: 0)])
        case .share:
            Self.orVariable([
                .object([
                    ("type", .text("number")), ("minimum", .number(0)), ("maximum", .number(1)),
                ])
            ])
        case .flag: Self.orVariable([.object([("type", .text("boolean"))])])
        case .projectName: Self.orVariable([Self.text("^[-_0-9a-z]{1,63}$")])
        case .names:
            .object([("type", .text("array")), ("items", .object(SettingType.text.schema))])
        }
    }

    /// A variable's value is not known to the schema.
    private static func orVariable(_ types: [SchemaValue]) -> SchemaValue {
        .object([("anyOf", .list(types + [.object(SettingType.shared(.variable).schema)]))])
    }

    private static func text(_ pattern: String) -> SchemaValue {
        .object([("type", .text("string")), ("pattern", .text(pattern))])
    }

    private static func integer(atLeast least: Int) -> SchemaValue {
        .object([("type", .text("integer")), ("minimum", .number(least))])
    }
}
