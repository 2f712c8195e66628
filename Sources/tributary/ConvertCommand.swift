import ArgumentParser
import Foundation
import GatewayConfiguration

/// `tributary convert promxy.yaml`
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Writes a configuration of the gateway from one of promxy.",
        discussion: """
            The configuration goes to standard output. Standard error tells, by line and key, what \
            is left out and why, and what will be answered otherwise. Ends with 0 when nothing is \
            left out, with 1 when something is, and with 2 when the file is no configuration of \
            promxy.
            """)

    @Argument(help: "promxy's configuration file.")
    var file: String

    func run() throws {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            Console.say("\(file): cannot be read as UTF-8 text")
            throw Outcome.invalid
        }
        let conversion: PromxyConversion
        do throws(PromxyConversion.Refusal) {
            conversion = try PromxyConversion(text)
        } catch {
            Console.say("\(file):\(error)")
            throw Outcome.invalid
        }
        for remark in conversion.remarks { Console.say("\(file):\(remark)") }
        FileHandle.standardOutput.write(Data(conversion.yaml.utf8))
        let left = conversion.remarks.count { $0.isLoss }
        guard left == 0 else {
            Console.say("\(file): \(left) setting\(left == 1 ? "" : "s") left out")
            throw Outcome.failure
        }
    }
}
