import GatewayConfiguration
import UpstreamSettings

/// What became of the files of secrets, as metrics. Nothing of a secret is in them.
struct SecretMetrics: Sendable {
    let files: [SecretFile]

    func exposition() -> ExpositionText {
        let counts = files.map { (path: $0.path, counts: $0.counts) }
        var text = ExpositionText()
        func family(
            _ name: String, _ kind: ExpositionText.Kind, _ help: String,
            _ value: (SecretFile.Counts) -> Double
        ) {
            guard !counts.isEmpty else { return }
            text.family(name, kind, help)
            for file in counts { text.sample([("file", file.path)], value(file.counts)) }
        }
        family(
            "tributary_secret_file_usable", .gauge,
            "0 while a file holds no secret, so that the former one stays in force."
        ) { $0.isUsable ? 1 : 0 }
        family(
            "tributary_secret_file_replacements_total", .counter,
            "Secrets that were taken from a file while the gateway ran."
        ) { Double($0.replacements) }
        family(
            "tributary_secret_file_refusals_total", .counter,
            "Times that a file began to hold no secret."
        ) { Double($0.refusals) }
        return text
    }
}
