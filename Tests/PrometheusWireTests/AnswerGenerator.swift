import TestSupport

/// Answers as members write them: mostly in Prometheus's spelling, here and there in another one.
struct AnswerGenerator {
    var random: SeededRandom

    mutating func answer() -> [UInt8] {
        let isVector = chance(3)
        var out = "{" + gap() + #""status":"success""# + gap() + ","
        if chance(6) { out += #""isPartial":false,"# }
        out += #""data":{"#
        let elements = (0..<Int.random(in: 0..<6, using: &random)).map { _ in element(isVector) }
        let type = #""resultType":"\#(isVector ? "vector" : "matrix")""#
        let result = #""result":[\#(elements.joined(separator: "," + gap()))]"#
        out += chance(12) ? result + "," + type : type + gap() + "," + result
        if chance(6) { out += #","stats":{"seriesFetched":"2","deep":[[{}],-1.5e3,true,null]}"# }
        out += "}"
        if chance(4) { out += #","warnings":["w\u003cx","v"]"# }
        if chance(6) { out += #","infos":null"# }
        out += gap() + "}"
        if chance(10) { out += "\n" }
        return Array(out.utf8)
    }

    private mutating func element(_ isVector: Bool) -> String {
        let metric = #""metric":{\#(labels())}"#
        var samples: [String] = []
        if isVector {
            samples.append(
                chance(5) ? #""histogram":\#(histogram(100))"# : #""value":\#(sample(100))"#)
        } else {
            var time = Int.random(in: -3...20, using: &random)
            if !chance(4) { time += 1_700_000_000 }
            let times = (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                time += Int.random(in: chance(20) ? -1...1 : 1...30, using: &random)
                return time
            }
            let floats = times.map { sample($0) }.joined(separator: "," + gap())
            if !chance(8) { samples.append(#""values":[\#(floats)]"#) }
            if chance(8) {
                let points = times.map { histogram($0) }.joined(separator: ",")
                samples.append(#""histograms":[\#(points)]"#)
            }
        }
        var members = [metric] + samples
        if chance(12) { members.append(#""extra":{"a":[1,"]}"]}"#) }
        if chance(12) { members.shuffle(using: &random) }
        return "{" + gap() + members.joined(separator: gap() + ",") + "}"
    }

    private mutating func labels() -> String {
        var names = ["__name__", "A", "a", "exported_project", "job", "project", "project_x", "z"]
            .filter { _ in chance(3) }
        if chance(15) { names.shuffle(using: &random) }
        if chance(30) { names += names.prefix(1) }
        let values = [
            "", "1", "node", "a\\\\b", "q\\\"q", "\\u003ch\\u003e", "\\u0000", "é<&>", "\\/",
        ]
        return names.map { name in
            let value = values.randomElement(using: &random) ?? ""
            return "\"\(name)\":" + gap() + "\"\(value)\""
        }.joined(separator: ",")
    }

    private mutating func sample(_ time: Int) -> String {
        "[\(self.time(time)),\(gap())\"\(value())\"]"
    }

    private mutating func time(_ seconds: Int) -> String {
        let fractions = ["", "", "", "", ".781", ".500", ".5", ".000", ".1239"]
        return "\(seconds)" + (fractions.randomElement(using: &random) ?? "")
    }

    private mutating func value() -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return String(Int.random(in: -5...5_000_000, using: &random))
        case 1: return "\(Double.random(in: -100...100, using: &random))"
        case 2: return "0." + String(UInt64.random(in: 0...UInt64.max, using: &random))
        case 3:
            let words = ["NaN", "+Inf", "-Inf", "Inf", "-0", "0", "1e-07", "1e+21", "-2.5e+300"]
            return words.randomElement(using: &random) ?? "0"
        case 4:
            let words = ["1E5", "+5", "007", "1.", ".5", "1e5", "1e+5", "", "x", "--1", "1e999"]
            return chance(4) ? words.randomElement(using: &random) ?? "0" : "1"
        default: return "\(Double(Int.random(in: 0...99_999, using: &random)) / 1000)"
        }
    }

    private mutating func histogram(_ time: Int) -> String {
        let buckets = (0..<Int.random(in: 0..<4, using: &random)).map { index in
            "[\(Int.random(in: 0...3, using: &random)),\"\(1 << index)\",\"\(2 << index)\",\"\(value())\"]"
        }
        let list = chance(3) ? "" : #","buckets":[\#(buckets.joined(separator: ","))]"#
        return #"[\#(self.time(time)),{"count":"\#(value())","sum":"\#(value())"\#(list)}]"#
    }

    private mutating func gap() -> String { chance(60) ? " \n" : "" }

    private mutating func chance(_ one: Int) -> Bool {
        Int.random(in: 0..<one, using: &random) == 0
    }
}
