import Foundation
import RealServers
import TestSupport
import Testing

/// How much of the campaign runs: a short form with all other tests, everything by itself.
enum FaultCampaign {
    static let isLong = ProcessInfo.processInfo.environment["TRIBUTARY_CAMPAIGN"] == "long"
}

extension EndToEnd {
    /// Every behaviour of a member, to every kind of question, under every policy: what the others
    /// can answer is answered, and the member is named.
    @Suite(.serialized)
    struct FaultMatrixTests {
        @Test("A member that misbehaves takes nothing from the others, and is named")
        func matrix() async throws {
            let scene = try Scene.required()
            try await offPool {
                let matrix = try FaultMatrix(scene)
                defer { matrix.stop() }
                let tally = try matrix.run()
                print("faults: \(tally)")
                #expect(tally.cells > 0)
                #expect(tally.behaviours == FaultBehaviour.table.count)
                #expect(tally.questions == FaultQuestion.all.count)
                #expect(tally.policies == FaultCell.Policy.allCases.count)
                // More than so few would be slowness of ours.
                #expect(tally.late <= 1 + tally.cells / 1000)
                #expect(
                    tally.wrong.isEmpty,
                    "\(tally.wrong.count) wrong cells: \(tally.wrong.prefix(40).joined(separator: "\n"))"
                )
            }
        }
    }
}

/// One behaviour of a member, met with one question under one policy.
struct FaultCell: Sendable {
    enum Policy: String, CaseIterable, Sendable { case warn, safe, abort }

    var behaviour: Int
    var question: Int
    var policy: Policy

    /// All, or so many that every behaviour, question and policy occurs.
    static func chosen(isLong: Bool) -> [FaultCell] {
        FaultBehaviour.table.indices.flatMap { behaviour -> [FaultCell] in
            let questions = FaultQuestion.all.indices.filter {
                FaultQuestion.all[$0].admits(FaultBehaviour.table[behaviour].scope)
            }
            if isLong {
                return questions.flatMap { question in
                    Policy.allCases.map {
                        FaultCell(behaviour: behaviour, question: question, policy: $0)
                    }
                }
            }
            return [behaviour, 7 * behaviour + 5].enumerated().map { turn, number in
                FaultCell(
                    behaviour: behaviour, question: questions[number % questions.count],
                    policy: Policy.allCases[(behaviour / 5 + turn) % 3])
            }
        }
    }
}

/// The servers that the cells are asked of.
private final class FaultMatrix {
    struct Tally: CustomStringConvertible {
        var cells = 0
        var wrong: [String] = []
        /// Cells that were asked again, as the machine was slower than the member's timeout.
        var late = 0
        var behaviours = 0
        var questions = 0
        var policies = 0
        var seconds = 0.0

        var description: String {
            "\(cells) cells of \(behaviours) behaviours, \(questions) questions and \(policies) "
                + "policies in \(Int(seconds)) s, \(late) asked again, \(wrong.count) wrong"
        }
    }

    private let cells = FaultCell.chosen(isLong: FaultCampaign.isLong)
    private let proxy: FaultProxy
    private let gateway: GatewayServer

    /// The member in trouble stands in the place of `b-eu`, in order of names too.
    private static func member(_ cell: FaultCell) -> String {
        "b-eu-\(cell.behaviour)-\(cell.question)"
    }

    init(_ scene: Scene) throws {
        proxy = try FaultProxy(scene.members[1].address, FaultBehaviour.table)
        var members = [
            GatewayServer.Member(name: "a", url: scene.members[0].address.url),
            GatewayServer.Member(name: "b-eu", url: scene.members[1].address.url),
            GatewayServer.Member(name: "c_us", url: scene.members[2].address.url),
        ]
        var projects = [
            GatewayServer.Project(name: "whole", members: ["a", "b-eu", "c_us"]),
            GatewayServer.Project(name: "others", members: ["a", "c_us"]),
        ]
        var seen: Set<String> = []
        for cell in cells {
            let name = Self.member(cell)
            guard seen.insert(name).inserted else { continue }
            members.append(
                .init(
                    name: name, url: proxy.address(of: cell.behaviour).url,
                    options: ", timeout: 1s"))
            projects.append(
                .init(name: "m-\(name)", members: ["a", name, "c_us"], partialResponse: "safe"))
        }
        gateway = try GatewayServer(
            name: "faults", members: members, projects: projects,
            features: ["promql-experimental-functions"],
            settings: "limits: {maxInflatedBytes: 64MiB}\n", directory: scene.directory)
    }

    func stop() { gateway.process.stop() }

    func run() throws -> Tally {
        var tally = Tally()
        let began = ContinuousClock.now
        let whole = try healthy("whole")
        let others = try healthy("others")
        for cell in cells {
            tally.cells += 1
            let policy: [(String, String)] =
                switch cell.policy {
                case .warn: [("partial_response", "true")]
                case .safe: []
                case .abort: [("partial_response", "false")]
                }
            let question = FaultQuestion.all[cell.question]
            let name = Self.member(cell)
            var answer = try question.ask(gateway.project("m-\(name)"), policy)
            let outcome = FaultBehaviour.table[cell.behaviour].outcome
            if outcome == .whole, Self.saysLate(answer) {
                tally.late += 1
                answer = try question.ask(gateway.project("m-\(name)"), policy)
            }
            let judge = FaultJudge(
                outcome: outcome, kind: question.kind, policy: cell.policy,
                member: name, whole: whole[cell.question], others: others[cell.question])
            if let problem = judge.problem(of: answer) {
                tally.wrong.append(
                    "\(FaultBehaviour.table[cell.behaviour].name), \(question.name), "
                        + "\(cell.policy): \(problem)")
            }
        }
        tally.behaviours = Set(cells.map(\.behaviour)).count
        tally.questions = Set(cells.map(\.question)).count
        tally.policies = Set(cells.map(\.policy)).count
        tally.seconds = began.duration(to: .now) / .seconds(1)
        return tally
    }

    /// Whether the answer names the member as too late. A sound member of one second's timeout can
    /// be that where the machine stops for a second; the answer is honest then.
    private static func saysLate(_ answer: HTTPAnswer) -> Bool {
        answer.text.contains(#"member\": timed out"#)
            || answer.text.contains(#"member": timed out"#)
    }

    /// The answers of a project of sound members, by question.
    private func healthy(_ project: String) throws -> [HTTPAnswer] {
        try FaultQuestion.all.map { question in
            let answer = try question.ask(gateway.project(project), [("partial_response", "false")])
            guard answer.status == 200 else {
                throw TestFailure("\(project), \(question.name): \(answer.text.prefix(300))")
            }
            return answer
        }
    }
}

/// Says what an answer in a cell must be.
struct FaultJudge {
    var outcome: FaultBehaviour.Outcome
    var kind: FaultQuestion.Kind
    var policy: FaultCell.Policy
    /// The member in trouble.
    var member: String
    var whole: HTTPAnswer
    /// Of the other members alone.
    var others: HTTPAnswer

    /// nil when the answer is right.
    func problem(of answer: HTTPAnswer) -> String? {
        switch outcome {
        case .whole: data(answer, whole, isNamed: nil)
        case .partial: isRefused ? refusal(answer) : data(answer, whole, isNamed: true)
        case .missing: isRefused ? refusal(answer) : data(answer, others, isNamed: true)
        case .missingOrEmpty:
            switch kind {
            case .document:
                isRefused && answer.status != 200
                    ? refusal(answer)
                    : data(answer, others, isNamed: nil)
            case .query, .invertible, .list, .remoteRead, .federate:
                isRefused ? refusal(answer) : data(answer, others, isNamed: true)
            }
        case .refused: refusal(answer)
        }
    }

    /// Whether a missing member makes the answer an error.
    private var isRefused: Bool {
        switch (policy, kind) {
        case (.warn, _): false
        case (.abort, _): true
        case (.safe, .invertible), (.safe, .remoteRead): true
        case (.safe, .query), (.safe, .list), (.safe, .document), (.safe, .federate): false
        }
    }

    private func refusal(_ answer: HTTPAnswer) -> String? {
        guard answer.status >= 400 else { return "no error: \(shown(answer))" }
        return answer.text.contains(member) || outcome == .refused
            ? nil : "the error does not name the member: \(shown(answer))"
    }

    /// - Parameter isNamed: whether the member must be named; nil where it may.
    private func data(_ answer: HTTPAnswer, _ expected: HTTPAnswer, isNamed: Bool?) -> String? {
        guard answer.status == 200 else { return shown(answer) }
        switch kind {
        case .remoteRead, .federate:
            let missing = answer.header("x-tributary-missing-members")
            if isNamed == true, missing?.contains(member) != true {
                return "the header field does not name the member"
            }
            if kind == .remoteRead {
                guard let read = try? RemoteReadAnswer(answer, queries: 1),
                    let wanted = try? RemoteReadAnswer(expected, queries: 1)
                else { return "no answer of remote read" }
                // Labels hold the member's name.
                return read.results[0].count == wanted.results[0].count ? nil : "other series"
            }
            return nil
        case .query, .invertible, .list, .document:
            let (given, warnings) = Self.parts(
                answer.text.replacingOccurrences(of: member, with: "b-eu"))
            let (wanted, _) = Self.parts(expected.text)
            guard given == wanted else { return "other data: \(shown(answer))" }
            if isNamed == true, !warnings.contains("b-eu") {
                return "no warning names the member: \(shown(answer))"
            }
            return nil
        }
    }

    /// The data, and what stands behind.
    private static func parts(_ text: String) -> (data: Substring, rest: Substring) {
        guard let end = text.range(of: #","warnings":"#) ?? text.range(of: #","infos":"#) else {
            return (text.dropLast(), "")
        }
        return (text[..<end.lowerBound], text[end.lowerBound...])
    }

    private func shown(_ answer: HTTPAnswer) -> String {
        "\(answer.status) \(answer.text.prefix(160)) … \(answer.text.suffix(200))"
    }
}
