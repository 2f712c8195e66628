import Foundation

/// The keys of `web`.
enum WebSection {
    static let table = SettingsTable<WebSettings>(
        blank: WebSettings(),
        [.flag("enabled", \.enabled, "Whether the web page is served."), directory])

    private static let directory: Setting<WebSettings> = {
        var setting = Setting<WebSettings>(
            "dir", .text,
            "Where the files of the web page are; share/tributary/web beside the program's directory "
                + "where there is none.",
            read: { section, settings, reader in
                guard let path = section.text("dir", &reader.report) else { return true }
                guard FileManager.default.isReadableFile(atPath: "\(path)/index.html") else {
                    reader.report.error(
                        at: section.place(of: "dir"), subject: section.subject,
                        "is no directory with an index.html",
                        mend: "name the directory that scripts/web built, or remove the key")
                    return true
                }
                settings.directory = path
                return true
            }, write: { settings in settings.directory.map { .text($0) } })
        setting.isOfThisMachine = true
        return setting
    }()
}
