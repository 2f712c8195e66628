import ArgumentParser
import EmbeddedPrometheus

/// `JOB=URL` or `URL` on the command line.
struct ScrapeArgument: ExpressibleByArgument {
    var target: ScrapeTarget

    init?(argument: String) {
        var (job, url) = (Substring("scrape"), argument[...])
        if let equals = argument.firstIndex(of: "="), !argument[..<equals].contains("/") {
            job = argument[..<equals]
            url = argument[argument.index(after: equals)...]
        }
        guard let target = ScrapeTarget(job: String(job), url: String(url)) else { return nil }
        self.target = target
    }
}
