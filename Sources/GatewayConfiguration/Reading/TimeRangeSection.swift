import GoText
import UpstreamSettings

/// The keys of `timeRange`.
enum TimeRangeSection {
    static let table = SettingsTable<TimeRange>(
        "timeRange", blank: TimeRange(),
        [
            .duration(
                "newerThan", \.newerThan, "How old the oldest sample is at most, such as 15d."),
            .duration(
                "olderThan", \.olderThan, "How old the newest sample is at least, such as 2h."),
            .time("from", \.from, "The oldest sample's time: RFC 3339.", insteadOf: "newerThan"),
            .time("to", \.to, "The newest sample's time: RFC 3339.", insteadOf: "olderThan"),
        ])

    /// What is wrong with the whole, with the mend; nil for nothing.
    static func problem(with range: TimeRange) -> (problem: String, mend: String)? {
        if let newer = range.newerThan, let older = range.olderThan, newer <= older {
            return (
                "no sample is newer than \(DurationText.text(newer)) and older than "
                    + DurationText.text(older), "write an olderThan that is shorter than newerThan"
            )
        }
        if let from = range.from, let to = range.to, to < from {
            return ("ends before it begins", "write a time in to that is not before from")
        }
        return nil
    }
}

extension Setting where Value == TimeRange {
    fileprivate static func time(
        _ name: SettingName, _ path: Path<Timestamp?>, _ text: String,
        insteadOf age: SettingName
    ) -> Setting {
        Setting(name, .text, text) { section, range, reader in
            guard let written = section.text(name, &reader.report) else { return true }
            guard let time = RFC3339.time(written) else {
                reader.report.error(
                    at: section.place(of: name), subject: section.subject, "is not a time",
                    mend: "write it as 2026-01-31T00:00:00Z")
                return true
            }
            if section[age] != nil {
                reader.report.error(
                    at: section.place(of: name), subject: section.subject,
                    "\(name.rawValue) and \(age.rawValue) exclude each other",
                    mend: "keep one of them")
            }
            range[keyPath: path] = time
            return true
        } write: {
            $0[keyPath: path].map { .text(RFC3339.text($0)) }
        }
    }
}
