import GoText
import UpstreamSettings

/// A section of the configuration, key by key. It is read, printed, stored and described by this
/// table and by nothing else.
struct SettingsTable<Value: Sendable>: Sendable {
    /// What a section is that says nothing. What is required is some value or other.
    let blank: Value
    let settings: [Setting<Value>]
    var shape: SectionShape

    /// - Parameters:
    ///   - definition: The name under which the schema defines it once; nil for a section that has
    ///     one place.
    ///   - removed: Keys of former versions, and what to do instead.
    init(
        _ definition: String? = nil, blank: Value, removed: [String: String] = [:],
        _ settings: [Setting<Value>]
    ) {
        self.blank = blank
        self.settings = settings
        var shape = SectionShape(definition: definition, settings.map { $0.key(blank) })
        shape.removed = removed
        self.shape = shape
    }

    /// Reads a section over what is there already. Everything wrong with it is reported.
    ///
    /// - Returns: False when something is missing that is required.
    func read(
        _ node: ConfigurationNode, into value: inout Value, subject: String?,
        lenient: Bool = false, _ reader: inout ConfigurationReader
    ) -> Bool {
        guard
            let section = Section<SettingName>(
                node, subject: subject, lenient: lenient, shape: shape, &reader.report)
        else { return false }
        return read(section, into: &value, &reader)
    }

    /// Reads the settings of this table from a section that has other keys too.
    func read(
        _ section: Section<SettingName>, into value: inout Value,
        _ reader: inout ConfigurationReader
    ) -> Bool {
        var isWhole = true
        for setting in settings where !setting.read(section, &value, &reader) { isWhole = false }
        return isWhole
    }

    /// nil when something is missing that is required, which is reported.
    func read(
        _ node: ConfigurationNode, subject: String?, lenient: Bool = false,
        _ reader: inout ConfigurationReader
    ) -> Value? {
        var value = blank
        let isWhole = read(node, into: &value, subject: subject, lenient: lenient, &reader)
        return isWhole ? value : nil
    }

    /// The section as it would have been written with every default.
    func written(_ value: Value) -> [WrittenSetting.Pair] {
        settings.compactMap { setting in
            setting.write(value).map { WrittenSetting.Pair(setting.name.rawValue, $0) }
        }
    }
}

/// The name of a key in a section that a table describes.
struct SettingName: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    let rawValue: String

    init(rawValue: String) { self.rawValue = rawValue }
    init(stringLiteral value: String) { rawValue = value }
}

/// One key of a section.
struct Setting<Value: Sendable>: Sendable {
    /// Puts what is written at the key into the value; false when it is required and missing.
    typealias Read =
        @Sendable (Section<SettingName>, inout Value, inout ConfigurationReader) -> Bool
    /// nil for what is not shown.
    typealias Write = @Sendable (Value) -> WrittenSetting?

    let name: SettingName
    let type: SettingType
    let text: String
    let read: Read
    let write: Write
    /// What the schema calls the default where `write` does not tell it.
    var standard: SchemaValue?
    var isRequired = false
    var isOfThisMachine = false

    init(
        _ name: SettingName, _ type: SettingType, _ text: String, read: @escaping Read,
        write: @escaping Write
    ) {
        self.name = name
        self.type = type
        self.text = text
        self.read = read
        self.write = write
    }

    /// A key that is read together with another one.
    static func part(
        _ name: SettingName, _ type: SettingType, _ text: String, standard: SchemaValue? = nil,
        isOfThisMachine: Bool = false, write: @escaping Write = { _ in nil }
    ) -> Setting {
        var setting = Setting(name, type, text, read: { _, _, _ in true }, write: write)
        setting.standard = standard
        setting.isOfThisMachine = isOfThisMachine
        return setting
    }

    fileprivate func key(_ blank: Value) -> SectionShape.Key {
        SectionShape.Key(
            name: name.rawValue, type: type, text: text,
            standard: standard ?? write(blank)?.standard, isRequired: isRequired,
            isOfThisMachine: isOfThisMachine)
    }
}

extension Setting {
    typealias Path<Inner> = any WritableKeyPath<Value, Inner> & Sendable

    /// A single value: set where it is written and right, shown as `write` says.
    private static func value<Part>(
        _ name: SettingName, _ path: Path<Part>, _ type: SettingType, _ text: String,
        read: @escaping @Sendable (Section<SettingName>, inout ConfigurationReport) -> Part?,
        write: @escaping @Sendable (Part) -> WrittenSetting?
    ) -> Setting {
        Setting(name, type, text) { section, value, reader in
            if let read = read(section, &reader.report) { value[keyPath: path] = read }
            return true
        } write: {
            write($0[keyPath: path])
        }
    }

    static func text(
        _ name: SettingName, _ path: Path<String?>, _ text: String, isOfThisMachine: Bool = false
    ) -> Setting {
        var setting = value(name, path, .text, text) {
            $0.text(name, &$1)
        } write: {
            $0.map { .text($0) }
        }
        setting.isOfThisMachine = isOfThisMachine
        return setting
    }

    static func flag(_ name: SettingName, _ path: Path<Bool>, _ text: String) -> Setting {
        value(name, path, .flag, text) {
            $0.bool(name, &$1)
        } write: {
            .flag($0)
        }
    }

    static func duration(
        _ name: SettingName, _ path: Path<Duration>, atLeast least: Duration = .milliseconds(1),
        _ text: String
    ) -> Setting {
        value(name, path, .duration, text) {
            $0.duration(name, atLeast: least, &$1)
        } write: {
            .word(DurationText.text($0))
        }
    }

    /// Where what is not written has no value.
    static func duration(_ name: SettingName, _ path: Path<Duration?>, _ text: String) -> Setting {
        value(name, path, .duration, text) {
            $0.duration(name, atLeast: .milliseconds(1), &$1)
        } write: {
            $0.map { .word(DurationText.text($0)) }
        }
    }

    /// At least one.
    static func count(_ name: SettingName, _ path: Path<Int>, _ text: String) -> Setting {
        value(name, path, .count, text) {
            $0.integer(name, atLeast: 1, &$1)
        } write: {
            .number($0)
        }
    }

    /// One to so many, where what is not written is found out elsewhere.
    static func count(
        _ name: SettingName, _ path: Path<Int?>, atMost most: Int, _ text: String
    ) -> Setting {
        value(name, path, .count, text) { section, report in
            guard let count = section.integer(name, atLeast: 1, &report) else { return nil }
            guard count <= most else {
                report.error(
                    at: section.place(of: name), subject: section.subject,
                    "is more than \(most)", mend: "write 1 to \(most)")
                return nil
            }
            return count
        } write: {
            $0.map { .number($0) }
        }
    }

    /// No limit of bytes below one KiB makes sense, and one such is a unit forgotten.
    static func size(_ name: SettingName, _ path: Path<Int>, _ text: String) -> Setting {
        value(name, path, .size, text) {
            $0.byteCount(name, atLeast: 1024, &$1)
        } write: {
            .word(ByteCountText.text($0))
        }
    }

    /// As above, where what is not written is found out elsewhere.
    static func size(_ name: SettingName, _ path: Path<Int?>, _ text: String) -> Setting {
        value(name, path, .size, text) {
            $0.byteCount(name, atLeast: 1024, &$1)
        } write: {
            $0.map { .word(ByteCountText.text($0)) }
        }
    }

    static func choice<Choice: CaseIterable & RawRepresentable<String> & Sendable>(
        _ name: SettingName, _ path: Path<Choice>, _ text: String
    ) -> Setting {
        value(name, path, .choice(Choice.allCases.map(\.rawValue)), text) {
            $0.choice(name, of: Choice.self, &$1)
        } write: {
            .word($0.rawValue)
        }
    }

    /// A section within, in braces, that is shown when something is set in it.
    static func section<Inner: Equatable & Sendable>(
        _ name: SettingName, _ path: Path<Inner>, _ table: SettingsTable<Inner>, _ text: String
    ) -> Setting {
        Setting(name, .section(table.shape), text) { section, value, reader in
            guard let node = section[name] else { return true }
            _ = table.read(node, into: &value[keyPath: path], subject: section.subject, &reader)
            return true
        } write: {
            let inner = $0[keyPath: path]
            return inner == table.blank ? nil : .braces(table.written(inner))
        }
    }

    /// Pairs of which only the names may be shown.
    ///
    /// - Parameters:
    ///   - names: The regular expression for the names, for the schema.
    ///   - refusal: Makes the rule of one section: why a name cannot be given, with the mend; nil
    ///     when it can.
    ///   - noun: What the value belongs to, for errors: `header`.
    static func secrets(
        _ name: SettingName, _ path: Path<[NamedSecret]>, names: String, _ text: String,
        noun: String,
        refusal:
            @escaping @Sendable (Section<SettingName>) -> (
                (_ name: String, _ line: Int) -> NameRefusal?
            )
    ) -> Setting {
        Setting(name, .mapping(names: names, most: NamedSecret.most), text) {
            section, value, reader in
            let refuse = refusal(section)
            var pairs: [NamedSecret] = []
            let entries = section.freeMapping(name, &reader.report) ?? []
            if entries.count > NamedSecret.most, let place = section[name] {
                reader.report.error(
                    at: place, subject: section.subject,
                    "\(entries.count) \(noun)s are given; at most \(NamedSecret.most) are allowed",
                    mend: "remove some")
                return true
            }
            for entry in entries {
                var place = entry.value
                (place.line, place.column) = (entry.line, entry.column)
                if let refusal = refuse(entry.key, entry.line) {
                    reader.report.error(
                        at: place, subject: section.subject, refusal.problem, mend: refusal.mend)
                    continue
                }
                guard let text = section.text(of: entry.value, &reader.report) else { continue }
                guard text.utf8.count <= NamedSecret.longestValue else {
                    reader.report.error(
                        at: entry.value, subject: section.subject,
                        "the value of \(noun) \(entry.key) has \(text.utf8.count) bytes; at most "
                            + "\(NamedSecret.longestValue) are allowed", mend: "shorten it")
                    continue
                }
                guard
                    let secret = reader.secret(
                        text, at: entry.value, subject: section.subject,
                        called: "the value of \(noun) \(entry.key)")
                else { continue }
                pairs.append(NamedSecret(name: entry.key, value: secret))
            }
            // The store keeps no order, and a file must be what it was when it is read again.
            value[keyPath: path] = pairs.sorted { $0.name < $1.name }
            return true
        } write: {
            let pairs = $0[keyPath: path].map { WrittenSetting.Pair($0.name, .secret($0.value)) }
            return pairs.isEmpty ? nil : .lines(pairs)
        }
    }
}

/// A setting as a configuration file writes it.
indirect enum WrittenSetting: Sendable {
    struct Pair: Sendable {
        var name: String
        var value: WrittenSetting

        init(_ name: String, _ value: WrittenSetting) {
            self.name = name
            self.value = value
        }
    }

    /// Quoted where it must be.
    case text(String)
    /// One that never needs quotes: a duration, a size, a choice.
    case word(String)
    case number(Int)
    case flag(Bool)
    case secret(Secret)
    case list([String])
    /// A mapping, a line a key.
    case lines([Pair])
    /// A mapping in one line.
    case braces([Pair])

    /// As the default of a setting.
    fileprivate var standard: SchemaValue? {
        switch self {
        case .word(let word): .text(word)
        case .number(let number): .number(number)
        case .flag(let flag): .flag(flag)
        case .text, .secret, .list, .lines, .braces: nil
        }
    }
}
