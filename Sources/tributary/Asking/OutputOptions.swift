import ArgumentParser
import CommandLineOutput
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How an answer is printed.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "How the answer is printed; else TRIBUTARY_OUTPUT, else table.")
    var output: OutputFormat?
    @Flag(help: "No names of columns above tables and CSV.")
    var noHeader = false
    @Option(help: "Colours: auto is on a terminal, unless NO_COLOR is set.")
    var color = ColourChoice.auto

    /// - Throws: when the environment names no format.
    func format() throws -> OutputFormat {
        if let output { return output }
        guard let text = Variable.value("TRIBUTARY_OUTPUT") else { return .table }
        guard let format = OutputFormat(rawValue: text) else {
            let all = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("TRIBUTARY_OUTPUT is one of \(all).")
        }
        return format
    }

    var style: TextStyle { Terminal.style(color) }

    /// Prints a listing on standard output.
    func print(_ listing: Listing, body: [UInt8]) throws {
        if let text = try text(listing, body: body), !text.isEmpty { Console.answer(text) }
    }

    func text(_ listing: Listing, body: [UInt8]) throws -> String? {
        let format = try format()
        if format == .promtool, listing.promtool == nil {
            throw ValidationError("promtool prints no such answer: choose another --output.")
        }
        return listing.text(
            format, body: body, width: Terminal.width, style: style, hasHeader: !noHeader)
    }
}

extension OutputFormat: ExpressibleByArgument {}
extension SeriesOrder: ExpressibleByArgument {}

enum ColourChoice: String, ExpressibleByArgument, CaseIterable {
    case auto
    case always
    case never
}

/// Where standard output goes.
enum Terminal {
    static var isHere: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Characters of a line: COLUMNS, else what the terminal says; nil where there is none.
    static var width: Int? {
        if let text = Variable.value("COLUMNS"), let columns = Int(text),
            columns > 0
        {
            return columns
        }
        return size.map { Int($0.ws_col) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Lines of the screen; nil where there is no terminal.
    static var height: Int? { size.map { Int($0.ws_row) }.flatMap { $0 > 0 ? $0 : nil } }

    private static var size: winsize? {
        var size = winsize()
        guard isHere, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return size
    }

    /// Of standard error, which is told its own way.
    static var errorStyle: TextStyle {
        isatty(STDERR_FILENO) == 1 && !refusesColours ? .coloured : .plain
    }

    private static var refusesColours: Bool {
        Variable.value("NO_COLOR") != nil || Variable.value("TERM") == "dumb"
    }

    static func style(_ choice: ColourChoice) -> TextStyle {
        switch choice {
        case .always: return .coloured
        case .never: return .plain
        case .auto: return isHere && !refusesColours ? .coloured : .plain
        }
    }
}
