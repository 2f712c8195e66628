import LogQL
import TimeSeries

// Texts as queries of LogQL. What is taken prints, and reads back as the same tree; what is asked of
// members are queries again; a plan has a value of no answers. What is refused carries a message.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    check(text)
    return 0
}

private let scope = LogScope(members: [
    LogMember("prod-a"), LogMember("prod-b", ownLabels: ["project"]),
])

private func check(_ text: String) {
    let query: LogQLQuery
    do throws(LogQLError) {
        query = try LogQLQuery(text)
    } catch {
        precondition(!error.message.isEmpty)
        return
    }
    switch query {
    case .log(let lines):
        expectSame(query, text)
        guard let plan = try? scope.plan(lines) else { return }
        for fetch in plan.fetches { _ = read(fetch.text, text) }
    case .metric(let numbers):
        // Numbers that are not finite have no text.
        if !numbers.description.contains("Inf"), !numbers.description.contains("NaN") {
            expectSame(query, text)
        }
        guard let plan = try? scope.plan(numbers) else { return }
        for fetch in plan.fetches { _ = read(fetch.text, text) }
        _ = try? plan.value(on: 2, of: plan.fetches.map { _ in [] })
        _ = plan.effect(ofMissing: [0])
    }
}

private func expectSame(_ query: LogQLQuery, _ text: String) {
    let printed = query.description
    if read(printed, text) != query { fatalError("\(text)\n\(printed)") }
}

private func read(_ printed: String, _ text: String) -> LogQLQuery {
    do throws(LogQLError) {
        return try LogQLQuery(printed)
    } catch {
        fatalError("\(text)\n\(printed)\n\(error)")
    }
}
