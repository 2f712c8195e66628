public import Answers
public import GoText

/// Lines over time, drawn with the dots of Braille: two across and four down in each character.
public struct BraillePlot: Sendable {
    public struct Line: Sendable {
        public var name: String
        /// In the order of time.
        public var points: [(time: Timestamp, value: Double)]

        public init(name: String, points: [(time: Timestamp, value: Double)]) {
            self.name = name
            self.points = points
        }

        /// What can be drawn.
        fileprivate var finite: [(time: Timestamp, value: Double)] {
            points.filter { $0.value.isFinite }
        }
    }

    public var lines: [Line]
    /// The range of time that the whole width is.
    public var start: Timestamp
    public var end: Timestamp
    /// Points further apart are not connected.
    public var step: Milliseconds

    /// Lines that the legend names.
    private static let mostInLegend = 20

    public init(_ lines: [Line], from start: Timestamp, to end: Timestamp, step: Milliseconds) {
        self.lines = lines
        self.start = start
        self.end = end
        self.step = step
    }

    /// The graph, its axes and its legend, no line feed at its end.
    ///
    /// - Parameters:
    ///   - width: Characters of a line, the labels of the axis included; at least 20.
    ///   - height: Lines of the graph without axis and legend; at least 2.
    public func text(width: Int, height: Int, style: TextStyle) -> String {
        let values = lines.flatMap { $0.finite.map(\.value) }
        guard let low = values.min(), let high = values.max() else { return "(no points to plot)" }
        let scale = Scale(low, high)
        let height = max(2, height)
        let labels = (0..<height).map { row in
            row == 0 || row == height - 1 || row == (height - 1) / 2
                ? Self.number(scale.value(atRow: row, of: height)) : ""
        }
        let margin = labels.map(\.count).max() ?? 0
        var canvas = Canvas(width: max(8, max(20, width) - margin - 2), height: height)
        for (number, line) in lines.enumerated() { draw(line, number, scale, &canvas) }
        if !style.hasColours, lines.count > 1 {
            for (number, line) in lines.enumerated() { mark(line, number, scale, &canvas) }
        }
        var out: [String] = []
        for row in 0..<height {
            let label = String(repeating: " ", count: margin - labels[row].count) + labels[row]
            out.append("\(label) \(labels[row].isEmpty ? "│" : "┤")\(canvas.text(row, style))")
        }
        out.append(String(repeating: " ", count: margin + 1) + "└" + axis(canvas.width))
        out.append(String(repeating: " ", count: margin + 2) + times(canvas.width))
        return (out + legend(width, style)).joined(separator: "\n")
    }

    // MARK: - Drawing

    private func draw(_ line: Line, _ number: Int, _ scale: Scale, _ canvas: inout Canvas) {
        var last: (x: Int, y: Int, time: Timestamp)?
        for point in line.finite {
            guard let x = x(point.time, canvas.dotsAcross) else { continue }
            let y = scale.dot(point.value, of: canvas.dotsDown)
            if let last, (point.time - last.time).count <= step.count + step.count / 2 {
                canvas.connect((last.x, last.y), (x, y), line: number)
            } else {
                canvas.set(x, y, line: number)
            }
            last = (x, y, point.time)
        }
    }

    /// Without colours a letter at its last point says which line it is.
    private func mark(_ line: Line, _ number: Int, _ scale: Scale, _ canvas: inout Canvas) {
        guard let last = line.finite.last, let x = x(last.time, canvas.dotsAcross) else { return }
        canvas.letter(Self.letter(number), x / 2, scale.dot(last.value, of: canvas.dotsDown) / 4)
    }

    private func x(_ time: Timestamp, _ dots: Int) -> Int? {
        let length = max(1, (end - start).count)
        let offset = (time - start).count
        guard (0...length).contains(offset) else { return nil }
        return min(dots - 1, Int(Double(offset) / Double(length) * Double(dots)))
    }

    private static func letter(_ number: Int) -> Character {
        Character(Unicode.Scalar(UInt8(ascii: "A") + UInt8(number % 26)))
    }

    // MARK: - Axes and legend

    private func axis(_ width: Int) -> String {
        var line = Array(repeating: Character("─"), count: width)
        for place in [0, width / 2, width - 1] { line[place] = "┬" }
        return String(line)
    }

    private func times(_ width: Int) -> String {
        let middle = Timestamp(milliseconds: start.milliseconds + (end - start).count / 2)
        let isLong = (end - start).count > 86_400_000
        let texts = [start, middle, end].map { time in
            let text = RFC3339.text(seconds: time.wholeSeconds)
            return String(isLong ? text.dropFirst(5).prefix(11) : text.dropFirst(11).prefix(8))
        }
        guard width >= texts.map(\.count).reduce(4, +) else {
            let gap = max(1, width - texts[0].count - texts[2].count)
            return texts[0] + String(repeating: " ", count: gap) + texts[2]
        }
        let left = max(1, width / 2 - texts[1].count / 2 - texts[0].count)
        let right = max(
            1, width - texts[0].count - left - texts[1].count - texts[2].count)
        return texts[0] + String(repeating: " ", count: left) + texts[1]
            + String(repeating: " ", count: right) + texts[2]
    }

    private func legend(_ width: Int, _ style: TextStyle) -> [String] {
        let table = TextTable(
            [
                .init("series"), .init("last", isNumber: true), .init("min", isNumber: true),
                .init("max", isNumber: true),
            ],
            rows: lines.prefix(Self.mostInLegend).map { line in
                let values = line.finite.map(\.value)
                return [
                    line.name, line.points.last.map { Self.number($0.value) } ?? "",
                    values.min().map(Self.number) ?? "", values.max().map(Self.number) ?? "",
                ]
            })
        let texts = table.text(width: width - 3, style: .plain).split(separator: "\n")
        var out = texts.enumerated().map { index, text in
            guard index >= 2 else { return "   " + text }
            let number = index - 2
            let sign = style.hasColours ? "━━" : lines.count > 1 ? "\(Self.letter(number)) " : "  "
            return style.line(number, sign) + " " + text
        }
        if !out.isEmpty { out.remove(at: 1) }
        if lines.count > Self.mostInLegend {
            out.append("   and \(lines.count - Self.mostInLegend) more")
        }
        return out
    }

    private static func number(_ value: Double) -> String { GoFloat.general(value, digits: 4) }
}

/// What the height of a graph is.
private struct Scale {
    private let low: Double
    private let high: Double

    init(_ low: Double, _ high: Double) {
        // A line of equal values is drawn in the middle.
        let pad = low == high ? max(low.magnitude * 0.1, 1) : 0
        (self.low, self.high) = (low - pad, high + pad)
    }

    /// Between 0 and 1; halves first, as the difference may be no number.
    private func part(_ value: Double) -> Double {
        let part = (value / 2 - low / 2) / (high / 2 - low / 2)
        return part.isFinite ? min(1, max(0, part)) : 0.5
    }

    func dot(_ value: Double, of dots: Int) -> Int {
        Int(((1 - part(value)) * Double(dots - 1)).rounded())
    }

    func value(atRow row: Int, of rows: Int) -> Double {
        let part = Double(rows - 1 - row) / Double(rows - 1)
        return low * (1 - part) + high * part
    }
}

/// Characters of dots, each in the colour of the line that was drawn last there.
private struct Canvas {
    let width: Int
    let height: Int
    private var dots: [UInt8]
    private var owners: [Int]
    private var letters: [Int: Character] = [:]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        dots = Array(repeating: 0, count: width * height)
        owners = Array(repeating: 0, count: width * height)
    }

    var dotsAcross: Int { width * 2 }
    var dotsDown: Int { height * 4 }

    /// The bits of the dots of a character, by row and column.
    private static let bits: [[UInt8]] = [
        [0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80],
    ]

    mutating func set(_ x: Int, _ y: Int, line: Int) {
        guard (0..<dotsAcross).contains(x), (0..<dotsDown).contains(y) else { return }
        let cell = y / 4 * width + x / 2
        dots[cell] |= Self.bits[y % 4][x % 2]
        owners[cell] = line
    }

    /// A straight line of dots.
    mutating func connect(_ from: (x: Int, y: Int), _ to: (x: Int, y: Int), line: Int) {
        let steps = max(abs(to.x - from.x), abs(to.y - from.y), 1)
        for step in 0...steps {
            let part = Double(step) / Double(steps)
            set(
                Int((Double(from.x) + Double(to.x - from.x) * part).rounded()),
                Int((Double(from.y) + Double(to.y - from.y) * part).rounded()), line: line)
        }
    }

    mutating func letter(_ letter: Character, _ column: Int, _ row: Int) {
        letters[row * width + column] = letter
    }

    func text(_ row: Int, _ style: TextStyle) -> String {
        var out = ""
        for cell in row * width..<(row + 1) * width {
            if let letter = letters[cell] {
                out.append(letter)
            } else if dots[cell] == 0 {
                out += " "
            } else {
                let dot = String(Unicode.Scalar(UInt32(0x2800) + UInt32(dots[cell])) ?? " ")
                out += style.line(owners[cell], dot)
            }
        }
        while out.last == " " { out.removeLast() }
        return out
    }
}

/// A line of values in one row of text: `▁▂▅█`.
public enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// At most `width` characters. Each shows the mean of neighbouring values. Values that are not
    /// finite are left out.
    public static func text(_ values: [Double], width: Int = 16) -> String {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max(), width > 0 else { return "" }
        let count = min(width, finite.count)
        let scale = high / 2 - low / 2
        return String(
            (0..<count).map { index in
                let part = finite[
                    (index * finite.count / count)..<((index + 1) * finite.count / count)]
                let mean = part.reduce(0) { $0 + $1 / Double(part.count) }
                guard scale > 0 else { return bars[3] }
                let place = (mean / 2 - low / 2) / scale * Double(bars.count - 1)
                return bars[min(bars.count - 1, max(0, Int(place.rounded())))]
            })
    }
}

extension BraillePlot {
    /// The numbers of an answer to a range query, a line a series, each named by its labels.
    ///
    /// - Parameters:
    ///   - order: Of the lines; nil for the server's.
    ///   - limit: How many lines there are; nil for all.
    public init(
        _ answer: QueryAnswer, order: SeriesOrder? = nil, limit: Int? = nil,
        from start: Timestamp, to end: Timestamp, step: Milliseconds
    ) {
        self.init([], from: start, to: end, step: step)
        guard case .series(_, let series) = answer.outcome else { return }
        let rows = SeriesRow.rows(of: series, order, limit)
        lines = rows.map { row in
            Line(
                name: TextTable.shown(PromtoolText.metric(row.series.labels)),
                points: row.points.compactMap { point in
                    guard let time = Double(point.time), time.magnitude < 1e12,
                        let number = point.number
                    else { return nil }
                    return (Timestamp(milliseconds: Int64((time * 1000).rounded())), number)
                })
        }
    }
}
