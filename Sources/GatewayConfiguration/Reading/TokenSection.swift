/// The keys of a token that say what it may ask for.
enum TokenSection {
    static let table = SettingsTable<TokenRights>(
        blank: TokenRights(),
        [
            Setting(
                "matchers", .names,
                "Selectors: the token sees the series that one of them selects, and no others."
            ) { section, rights, reader in
                read(section, into: &rights, &reader)
                return true
            } write: { rights in
                rights.matchers.map { .list($0.texts) }
            },
            .section(
                "limits", \.limits, limits,
                "What the token's requests may cost, within what all may."),
        ])

    static let limits = SettingsTable<TokenLimits>(
        blank: TokenLimits(),
        [
            .count(
                "maxConcurrency", \.maxConcurrency, atMost: .max,
                "Requests under way at once; further ones wait."),
            .duration(
                "maxRange", \.maxRange,
                "The time that one query may look at: its range, and the windows in it."),
            .count(
                "maxSamples", \.maxSamples, atMost: .max,
                "Samples of one query in memory at once."),
        ])

    static let administratorProblem =
        "admin and matchers exclude each other: an administrator can make a token that sees "
        + "everything"
    static let administratorMend = "leave one of them out"

    /// An empty key is an error, since without matchers a token sees everything.
    private static func read(
        _ section: Section<SettingName>, into rights: inout TokenRights,
        _ reader: inout ConfigurationReader
    ) {
        guard section.isWritten("matchers") else { return }
        let place = section.place(of: "matchers")
        var names: [(name: String, place: ConfigurationNode)] = []
        if section["matchers"] != nil {
            guard let written = section.names("matchers", &reader.report) else { return }
            names = written
        }
        do throws(TokenMatchers.Refusal) {
            rights.matchers = try TokenMatchers(names.map(\.name))
        } catch {
            reader.report.error(
                at: error.index.map { names[$0].place } ?? place, subject: section.subject,
                error.problem, mend: error.mend)
        }
    }
}
