import ArgumentParser
import Foundation
import GatewayConfiguration

/// `tributary convert promxy.yaml`
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Writes a configuration of the gateway from one of promxy or of Thanos Query.",
        discussion: """
            The configuration goes to standard output. Standard error tells, by line and key, what \
            is left out and why, and what will be answered otherwise. Ends with 0 when nothing is \
            left out, with 1 when something is, and with 2 when there is nothing to convert.

            Thanos Query is configured by arguments: give them behind --, or in a file with one a \
            line, as in 'tributary convert --from thanos -- query --endpoint=sidecar:10901'.
            """)

    @Argument(help: "promxy's configuration file, or a file with Thanos Query's arguments.")
    var file: String?
    @Argument(
        parsing: .postTerminator, help: "Behind --: the arguments of Thanos Query.")
    var arguments: [String] = []
    @Option(help: "What is converted.")
    var from = Source.promxy

    enum Source: String, ExpressibleByArgument, CaseIterable {
        case promxy
        case thanos
    }

    func validate() throws {
        switch from {
        case .promxy:
            guard file != nil, arguments.isEmpty else {
                throw ValidationError("Give promxy's configuration file.")
            }
        case .thanos:
            guard (file != nil) == arguments.isEmpty else {
                throw ValidationError("Give Thanos Query's arguments behind --, or a file of them.")
            }
        }
    }

    func run() throws {
        let name = file ?? "argument"
        let text = try text()
        let (yaml, remarks): (String, [ConversionRemark])
        do throws(ConversionRefusal) {
            (yaml, remarks) = try converted(text)
        } catch {
            Console.say("\(name):\(error)")
            throw Outcome.invalid
        }
        for remark in remarks { Console.say("\(name):\(remark)") }
        FileHandle.standardOutput.write(Data(yaml.utf8))
        let left = remarks.count { $0.isLoss }
        guard left == 0 else {
            Console.say("\(name): \(left) setting\(left == 1 ? "" : "s") left out")
            throw Outcome.failure
        }
    }

    /// That of the file; nil where there is none.
    private func text() throws -> String? {
        guard let file else { return nil }
        do {
            return try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            Console.say("\(file): cannot be read as UTF-8 text")
            throw Outcome.invalid
        }
    }

    private func converted(
        _ text: String?
    ) throws(ConversionRefusal) -> (yaml: String, remarks: [ConversionRemark]) {
        switch from {
        case .promxy:
            let conversion = try PromxyConversion(text ?? "")
            return (conversion.yaml, conversion.remarks)
        case .thanos:
            let conversion =
                if let text {
                    try ThanosConversion(text)
                } else {
                    try ThanosConversion(arguments: arguments)
                }
            return (conversion.yaml, conversion.remarks)
        }
    }
}
